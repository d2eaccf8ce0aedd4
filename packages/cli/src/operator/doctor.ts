import { heartbeatTopic } from '@sluice/envelope';
import { TopicReader } from '@sluice/kafka';
import {
  clockProblem,
  createLogger,
  errorEntry,
  PipelineError,
  type PreflightProblem,
  type SluiceConfig,
} from '@sluice/runtime';
import type { ExamineStore } from '@sluice/sink-kit';
import { importPart } from '@sluice/sink-kit/installed';
import { importCapture } from './optional-packages.ts';
import { CommandFailed } from './command-failed.ts';
import type { CommandLine, PipelineCommand } from './command.ts';
import { answersOf } from './pipeline-status.ts';
import { plural, show, type Screen } from './screen.ts';
import { isWell, remarksOf } from './service-line.ts';

const PATIENCE_MS = 60_000;
const KAFKA_MS = 10_000;

/** One thing that was looked at. */
export interface Finding {
  /** `source`, `kafka`, `sink-redis` …, or `services`. */
  readonly area: string;
  /** `note`: worth knowing, and nothing wrong. `unknown`: it could not be looked at. */
  readonly result: 'ok' | 'note' | 'problem' | 'unknown';
  readonly found: string;
  /** Null where nothing is wrong. */
  readonly required: string | null;
  readonly fix: string | null;
}

export const doctorCommand: PipelineCommand = {
  name: 'doctor',
  options: ['token-file', 'ca-file'],
  help: 'look at source, Kafka, stores and services; each thing that is wrong with its fix; changes nothing',
  connects: 'everything',
  run: doctor,
};

const HEADINGS = ['AREA', 'RESULT', 'FOUND', 'NEEDS'];

/** True when nothing is wrong, and all of it could be looked at. */
async function doctor({ values }: CommandLine, config: SluiceConfig, screen: Screen): Promise<boolean> {
  const sinks = Object.keys(config.sinks).map((sink) =>
    examined(`sink-${sink}`, () => storeOf(sink, config)),
  );
  const findings = (
    await Promise.all([
      examined('source', () => sourceOf(config)),
      examined('capture', () => captureOf(config)),
      examined('kafka', () => kafkaOf(config)),
      ...sinks,
      examined('services', async () => {
        const answers = await answersOf(config, values);
        return answers.flatMap((answer) =>
          isWell(answer)
            ? [ok('services', `${answer.service} is ready`)]
            : notWell(answer.service, remarksOf(answer)),
        );
      }),
    ])
  ).flat();
  const rows = findings.map(({ area, result, found, required }) => [area, result, found, required]);
  show(screen, { pipeline: config.pipeline, findings }, HEADINGS, rows);
  for (const { area, fix } of findings) if (fix !== null) screen.say(`${area}: ${fix}`);
  const wrong = findings.filter(({ result }) => result === 'problem' || result === 'unknown').length;
  screen.say(wrong === 0 ? 'nothing is wrong' : `${plural(wrong, 'finding')} to look at`);
  return wrong === 0;
}

function notWell(service: string, remarks: readonly string[]): readonly Finding[] {
  const found = remarks.length === 0 ? [`${service} is not ready, or does not answer`] : remarks;
  const fix = `sluice status, and the log of ${service}`;
  return found.map((remark) => ({
    ...ok('services', remark),
    result: 'problem',
    required: 'a service that is well',
    fix,
  }));
}

/** What keeps all of an area from being looked at is a finding like others. */
async function examined(area: string, look: () => Promise<readonly Finding[]>): Promise<readonly Finding[]> {
  try {
    return await look();
  } catch (error) {
    if (error instanceof CommandFailed)
      return [{ ...ok(area, error.message), result: 'unknown', fix: error.message }];
    if (!(error instanceof PipelineError)) throw error;
    const { code, message } = error;
    return [
      {
        area,
        result: 'problem',
        found: `${code}: ${message}`,
        required: 'an answer',
        fix: errorEntry(code).fix,
      },
    ];
  }
}

const ok = (area: string, found: string): Finding => ({
  area,
  result: 'ok',
  found,
  required: null,
  fix: null,
});

function problem(area: string, { setting, found, required, fix }: PreflightProblem): Finding {
  return { area, result: 'problem', found: `${setting}: ${found}`, required, fix };
}

async function sourceOf(config: SluiceConfig): Promise<readonly Finding[]> {
  const { examineSource } = await importCapture(() => import('@sluice/capture/doctor'));
  const { problems, facts } = await examineSource(config);
  return [...facts.map((fact) => ok('source', fact)), ...problems.map((each) => problem('source', each))];
}

/** Grants, variables, topics and their settings: what a start of capture would refuse. */
async function captureOf(config: SluiceConfig): Promise<readonly Finding[]> {
  const { planCapture } = await importCapture(() => import('@sluice/capture/plan'));
  const { problems, warnings, tables, topics } = await planCapture(config, AbortSignal.timeout(PATIENCE_MS));
  const missing = topics.filter(({ exists }) => !exists).length;
  return [
    ok(
      'capture',
      `${plural(tables.length, 'table')}, ${plural(topics.length, 'topic')}, ${missing} of them to be made`,
    ),
    ...problems.map((each) => problem('capture', each)),
    ...warnings.map((warning): Finding => ({
      ...ok('capture', warning),
      result: 'note',
      fix: 'sluice plan',
    })),
  ];
}

/** By the heartbeats of capture: their commits are stamped by the broker. */
async function kafkaOf(config: SluiceConfig): Promise<readonly Finding[]> {
  const signal = AbortSignal.timeout(PATIENCE_MS);
  const reader = new TopicReader({ kafka: config.kafka, signal, recoveryMs: KAFKA_MS });
  try {
    const delays = await reader.commitDelays(heartbeatTopic(config.topics.prefix));
    if (delays.length === 0) return [ok('kafka', 'capture has written no heartbeat: its clock is not known')];
    const aheadMs = Math.min(...delays);
    const found = clockProblem({ of: 'Kafka', aheadMs, than: "capture's" });
    return found === null
      ? [ok('kafka', `clock ${(aheadMs / 1000).toFixed(2)} s from capture’s, a commit included`)]
      : [problem('kafka', found)];
  } finally {
    reader.close();
  }
}

async function storeOf(sink: string, config: SluiceConfig): Promise<readonly Finding[]> {
  const area = `sink-${sink}`;
  const part = await importPart<{ readonly examineStore: ExamineStore }>(sink, './doctor', config);
  if (part === null)
    throw new CommandFailed(
      `the package of sink ${sink} is not installed beside sluice, or cannot look at its store`,
    );
  const [signal, log] = [AbortSignal.timeout(PATIENCE_MS), createLogger('sluice', { level: 'silent' })];
  const problems = await part.examineStore({ config, sink, signal, log });
  return problems.length === 0
    ? [ok(area, 'login, rights and server')]
    : problems.map((each) => problem(area, each));
}
