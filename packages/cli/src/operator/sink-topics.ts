import { TopicRouting } from '@sluice/envelope';
import type { SluiceConfig } from '@sluice/runtime';
import { selectionOf } from '@sluice/sink-kit/selection';

/** Whether the sink of this name reads a topic, by its settings. Throws CONFIG_INVALID. */
export function topicsOfSink(config: SluiceConfig, sink: string): (topic: string) => boolean {
  const routing = new TopicRouting(config.topics);
  const selection = selectionOf(config, sink);
  return (topic) => routing.isDataTopic(topic) && selection.takesTopic(topic, routing);
}
