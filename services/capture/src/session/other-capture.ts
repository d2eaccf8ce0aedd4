import { checkpointsTopic } from '@sluice/envelope';
import { toPipelineError, type TopicRecord } from '@sluice/kafka';
import { abortableDelay, PipelineError } from '@sluice/runtime';
import { keptTopicsReader } from '../catalog/kept-topics.ts';
import type { CaptureSettings } from '../settings/capture-settings.ts';
import { WRITER } from '../stream/checkpoint-maker.ts';

const LOOKS = 20;
const LOOK_MS = 500;
const ANSWER_MS = 2000;

/** KAFKA_FENCED with the process that took over, when the newest checkpoint tells it within ten seconds. */
export async function fencedBy(
  cause: PipelineError,
  settings: CaptureSettings,
  signal: AbortSignal,
): Promise<PipelineError> {
  const writer = await otherWriter(settings, signal, LOOKS).catch(() => null);
  const where = writer === null ? '' : `: on ${writer}`;
  const message = `Another capture of pipeline ${settings.config.pipeline} has taken over${where}.`;
  return new PipelineError('KAFKA_FENCED', message, { cause });
}

/** Whether another process writes the checkpoints now. Throws PipelineError when Kafka does not answer. */
export async function isTakenOver(settings: CaptureSettings, signal: AbortSignal): Promise<boolean> {
  return (await otherWriter(settings, signal, 1)) !== null;
}

/**
 * The answer of `ask`, however long it takes: to take no answer for "no" would fence whoever has taken over.
 * @param wait told each error that is no answer, and how many came in a row; resolves when to ask again
 * @returns false when `signal` is aborted before there is an answer
 */
export async function answerOf(
  ask: () => Promise<boolean>,
  wait: (error: PipelineError, failures: number) => Promise<void>,
  signal: AbortSignal,
): Promise<boolean> {
  for (let failures = 1; !signal.aborted; failures++) {
    try {
      return await ask();
    } catch (thrown) {
      if (!signal.aborted) await wait(toPipelineError(thrown, 'read the newest checkpoint'), failures);
    }
  }
  return false;
}

/** Who wrote the newest checkpoint, when it is another process than this one; null when there is none yet. */
async function otherWriter(
  settings: CaptureSettings,
  signal: AbortSignal,
  looks: number,
): Promise<string | null> {
  const { pipeline } = settings.config;
  const reader = keptTopicsReader(settings, signal, { recoveryMs: ANSWER_MS });
  try {
    for (let look = 0; look < looks; look++) {
      if (look > 0) await abortableDelay(LOOK_MS, signal);
      const newest = await reader.newestRecord(checkpointsTopic(settings.prefix), pipeline);
      const writer = newest === null ? null : writerOf(newest);
      if (writer !== null) return writer;
    }
    return null;
  } finally {
    reader.close();
  }
}

/** A record of before this process began is of one that it has taken over from. */
function writerOf({ headers, timestamp }: TopicRecord): string | null {
  const [host, pid, since] = ['host', 'pid', 'since'].map((name) => headers.get(name)?.toString('utf8'));
  const isOwn = host === WRITER.host && pid === WRITER.pid && since === WRITER.since;
  if (host === undefined || isOwn || timestamp < performance.timeOrigin) return null;
  return `${host}, process ${pid}, which has run since ${since}`;
}
