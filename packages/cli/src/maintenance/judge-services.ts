import { CAPTURE } from '@sluice/envelope';
import { note, ok, unknown, wrong, type Finding } from '../operator/findings.ts';
import { plural } from '../operator/screen.ts';
import type { ServiceAnswer } from '../operator/service-line.ts';

/** The limits of the alerts HighBinlogLag, ConsumerLagHigh and HighErrorRate. */
export const BEHIND_SECONDS = 60;
const LAG_RECORDS = 10_000;
const ERROR_SHARE = 0.01;

const NOT_ASKED = 'sluice status says why it does not answer';

/**
 * How far capture and each sink are behind. A standby does not know it: then the newest sign of capture that a sink has seen tells.
 * @param nowMs milliseconds since 1970
 */
export function lagFindings(answers: readonly ServiceAnswer[], nowMs: number): readonly Finding[] {
  return [
    captureLag(answers, nowMs),
    ...servicesOf(answers)
      .filter((name) => name !== CAPTURE)
      .map(sinkLag),
  ];

  function sinkLag(service: string): Finding {
    const records = answers
      .filter((answer) => answer.service === service)
      .map(({ status, kafka }) => status?.lag?.records ?? kafka?.records ?? null);
    const known = records.filter((count) => count !== null);
    const sum = known.reduce((total, count) => total + count, 0);
    const required = `at most ${LAG_RECORDS} records`;
    if (sum > LAG_RECORDS)
      return wrong('lag', {
        found: `${service}: ${sum} records behind`,
        required,
        fix: 'docs/runbooks/ConsumerLagHigh.md',
      });
    if (known.length < records.length) return unknown('lag', `${service}: not known`, NOT_ASKED);
    return ok('lag', `${service}: ${plural(sum, 'record')} behind`);
  }
}

function captureLag(answers: readonly ServiceAnswer[], nowMs: number): Finding {
  const seconds = behindOf(answers) ?? signAge(answers, nowMs);
  if (seconds === null) return unknown('lag', 'capture: not known', NOT_ASKED);
  const found = `capture: ${seconds.toFixed(0)} s behind`;
  if (seconds <= BEHIND_SECONDS) return ok('lag', found);
  const fix = 'docs/runbooks/HighBinlogLag.md';
  return wrong('lag', { found, required: `at most ${BEHIND_SECONDS} s`, fix });
}

/** Of the capture that streams; null where a standby answers, or nobody. */
function behindOf(answers: readonly ServiceAnswer[]): number | null {
  return answers.find(({ service }) => service === CAPTURE)?.status?.behindSeconds ?? null;
}

/** Capture makes a sign with every heartbeat, for as far as it has read; null where no sink has seen one. */
function signAge(answers: readonly ServiceAnswer[], nowMs: number): number | null {
  const signs = answers.flatMap(({ status }) => status?.heartbeat?.sourceMs ?? []);
  return signs.length === 0 ? null : Math.max(0, nowMs - Math.max(...signs)) / 1000;
}

/** Of the last five minutes, of each process. */
export function errorFindings(answers: readonly ServiceAnswer[]): readonly Finding[] {
  return answers.map(({ service, instance, status }) => {
    const name = instance === null ? service : `${service} (${instance})`;
    const share = status?.cdc?.errorRate ?? null;
    if (share === null) return unknown('errors', `${name}: not known`, NOT_ASKED);
    const found = `${name}: ${(share * 100).toFixed(2)} % errors in five minutes`;
    if (share <= ERROR_SHARE) return ok('errors', found);
    return wrong('errors', { found, required: 'at most 1 %', fix: 'docs/runbooks/HighErrorRate.md' });
  });
}

/**
 * Dead letters that nobody has resolved, by service.
 * @param captureLetters those of capture as Kafka has them, for where a standby answers; null: not known
 */
export function letterFindings(
  answers: readonly ServiceAnswer[],
  captureLetters: number | null,
): readonly Finding[] {
  return servicesOf(answers).map((service) => {
    const counts = answers
      .filter((answer) => answer.service === service)
      .flatMap(({ status, kafka }) => status?.records?.openDeadLetters ?? kafka?.deadLetters ?? []);
    const told = service === CAPTURE && captureLetters !== null ? [...counts, captureLetters] : counts;
    if (told.length === 0) return unknown('dead-letters', `${service}: not known`, NOT_ASKED);
    const open = Math.max(...told);
    if (open === 0) return ok('dead-letters', `${service}: none`);
    const fix = `sluice dlq list --sink ${service.replace(/^sink-/, '')}`;
    const found = `${service}: ${plural(open, 'open dead letter')}`;
    return wrong('dead-letters', { found, required: 'none that nobody has resolved', fix });
  });
}

/** The limits of the alerts BinlogRetentionAtRisk and BinlogRetentionLow are an hour and six. */
const HEADROOM_SECONDS = 6 * 3600;

/** @param headroom null: the pipeline has no checkpoint */
export function headroomFinding(
  headroom: { readonly file: string; readonly seconds: number } | null,
): Finding {
  if (headroom === null)
    return note('binlog', 'capture has written no checkpoint: nothing of the binlog is needed yet', null);
  const { file, seconds } = headroom;
  const fix = 'docs/runbooks/BinlogRetentionLow.md';
  if (Number.isNaN(seconds))
    return unknown(
      'binlog',
      `how long the source keeps ${file} is not known`,
      'docs/runbooks/BinlogRetentionUnknown.md',
    );
  if (seconds === Number.POSITIVE_INFINITY) return ok('binlog', `the source purges ${file} never by itself`);
  const found =
    seconds === 0 ? `${file} is gone, or is purged next` : `${file} is kept for ${hours(seconds)} h yet`;
  if (seconds >= HEADROOM_SECONDS) return ok('binlog', found);
  return wrong('binlog', { found, required: 'six hours at least', fix });
}

const hours = (seconds: number): string => (seconds / 3600).toFixed(1);

const servicesOf = (answers: readonly ServiceAnswer[]): readonly string[] => [
  ...new Set(answers.map(({ service }) => service)),
];
