import { CAPTURE } from '@sluice/envelope';
import type { SluiceConfig } from '@sluice/runtime';
import { serviceFindings, sourceFindings } from '../operator/doctor-checks.ts';
import { unknown, type Finding } from '../operator/findings.ts';
import { askKafka } from '../operator/kafka-knowledge.ts';
import type { OptionValues } from '../operator/option-values.ts';
import { importCapture } from '../operator/optional-packages.ts';
import { answersOf } from '../operator/pipeline-status.ts';
import type { ServiceAnswer } from '../operator/service-line.ts';
import { once, type Check } from './checks.ts';
import { errorFindings, headroomFinding, lagFindings, letterFindings } from './judge-services.ts';

const PATIENCE_MS = 60_000;

/** Every process, how far each is behind, errors, dead letters, the source with its disk, and how long the binlog is kept. */
export function dailyChecks(config: SluiceConfig, values: OptionValues): readonly Check[] {
  const asked = once(() => answersOf(config, values));
  const of = (judge: (answers: readonly ServiceAnswer[]) => readonly Finding[]) => async () =>
    judge(await asked());
  return [
    { area: 'services', look: of(serviceFindings) },
    { area: 'lag', look: of((answers) => lagFindings(answers, Date.now())) },
    { area: 'errors', look: of(errorFindings) },
    { area: 'dead-letters', look: async () => letterFindings(await asked(), await captureLetters(config)) },
    { area: 'source', look: () => sourceFindings(config) },
    { area: 'binlog', look: async () => [await headroom(config, await asked())] },
  ];
}

async function captureLetters(config: SluiceConfig): Promise<number | null> {
  return (await askKafka(config, null, null)).deadLetters;
}

async function headroom(config: SluiceConfig, answers: readonly ServiceAnswer[]): Promise<Finding> {
  const { purgeHeadroom } = await importCapture(() => import('@sluice/capture/maintenance'));
  const stream = answers.find(({ service }) => service === CAPTURE)?.status?.stream ?? null;
  const committedAtMs = Date.parse(stream?.lastCommit ?? '');
  const streamed =
    stream === null || Number.isNaN(committedAtMs) ? null : { file: stream.file, committedAtMs };
  const found = await purgeHeadroom(config, streamed, AbortSignal.timeout(PATIENCE_MS));
  if (found === null && stream !== null)
    return unknown(
      'binlog',
      'capture streams, and no checkpoint of it is found',
      'pipeline and topics.prefix of this file: are they those of capture?',
    );
  return headroomFinding(found);
}
