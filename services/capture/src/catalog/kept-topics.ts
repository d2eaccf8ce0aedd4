import { checkpointsTopic, instancesTopic } from '@sluice/envelope';
import { TopicReader, type RecordPlace } from '@sluice/kafka';
import type { CaptureSettings } from '../settings/capture-settings.ts';

/**
 * Reads the topics in which capture keeps its state. A checkpoint, or a sign of a capture, without a seal is passed over, where seals
 * are required: what they say decides where the source is read, what of it is asked, and who reads it.
 * @param options.onUnsealed is told of each
 * @param options.recoveryMs milliseconds that one call outlives outages for
 */
export function keptTopicsReader(
  { config, prefix, seals }: Pick<CaptureSettings, 'config' | 'prefix' | 'seals'>,
  signal: AbortSignal,
  options: { readonly recoveryMs?: number; readonly onUnsealed?: (place: RecordPlace) => void } = {},
): TopicReader {
  const { onUnsealed = () => undefined, ...more } = options;
  const topics = [checkpointsTopic(prefix), instancesTopic(prefix)];
  const sealed = { seals, has: (topic: string) => topics.includes(topic), onUnsealed };
  return new TopicReader({ kafka: config.kafka, signal, sealed, ...more });
}
