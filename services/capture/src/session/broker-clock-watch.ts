import { heartbeatTopic } from '@sluice/envelope';
import { TopicReader } from '@sluice/kafka';
import { abortableDelay, PipelineError } from '@sluice/runtime';
import type { CaptureSettings } from '../settings/capture-settings.ts';

/** How often the broker's clock is looked at (ms). */
const LOOK_MS = 60_000;
/** For one look; what Kafka does not answer is seen where records are published. */
const ANSWER_MS = 5000;

/**
 * How far the broker's clock is ahead of this one, by the end markers of capture's own heartbeats; the time of a commit is in it, and the
 * quickest of the last ones counts. Looks every minute, and sooner while there is none; resolves at the signal.
 * @param onSeconds negative: the broker is behind
 */
export async function watchBrokerClock(
  { config, prefix }: Pick<CaptureSettings, 'config' | 'prefix'>,
  onSeconds: (seconds: number) => void,
  signal: AbortSignal,
): Promise<void> {
  const reader = new TopicReader({ kafka: config.kafka, signal, recoveryMs: ANSWER_MS });
  try {
    while (!signal.aborted) {
      const delays = await reader.commitDelays(heartbeatTopic(prefix)).catch(none);
      if (delays.length > 0) onSeconds(Math.min(...delays) / 1000);
      await abortableDelay(delays.length > 0 ? LOOK_MS : ANSWER_MS, signal).catch(() => undefined);
    }
  } finally {
    reader.close();
  }
}

/** Whatever Kafka answers instead is told by the stream; a signal ends the loop. */
function none(error: unknown): readonly number[] {
  if (error instanceof PipelineError || (error instanceof Error && error.name === 'AbortError')) return [];
  throw error;
}
