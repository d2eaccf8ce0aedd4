import { checkpointsTopic } from '@sluice/envelope';
import { TopicReader, type RecordPlace } from '@sluice/kafka';
import type { CaptureSettings } from '../settings/capture-settings.ts';

/**
 * Reads the topics in which capture keeps its state. A checkpoint without a seal is passed over, where seals are required: what it
 * says decides where the source is read, and what of it is asked.
 * @param options.onUnsealed is told of each
 * @param options.recoveryMs milliseconds that one call outlives outages for
 */
export function keptTopicsReader(
  { config, prefix, seals }: Pick<CaptureSettings, 'config' | 'prefix' | 'seals'>,
  signal: AbortSignal,
  options: { readonly recoveryMs?: number; readonly onUnsealed?: (place: RecordPlace) => void } = {},
): TopicReader {
  const { onUnsealed = () => undefined, ...more } = options;
  const checkpoints = checkpointsTopic(prefix);
  const sealed = { seals, has: (topic: string) => topic === checkpoints, onUnsealed };
  return new TopicReader({ kafka: config.kafka, signal, sealed, ...more });
}
