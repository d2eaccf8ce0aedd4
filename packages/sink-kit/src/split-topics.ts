import { TopicRouting } from '@sluice/envelope';
import { PipelineError, type SluiceConfig } from '@sluice/runtime';

/** Throws TOPICS_SPLIT. Changes of one key in several topics have no order: a DELETE may be read before the INSERT that came first. */
export function refuseSplitTopics({ topics }: SluiceConfig, sink: string): void {
  if (!new TopicRouting(topics).splitsOperations) return;
  throw new PipelineError(
    'TOPICS_SPLIT',
    `topics.${topics.template === undefined ? `strategy is "${topics.strategy}"` : `template is "${topics.template}"`}: sink ${sink} cannot read topics that split the changes of a row.`,
  );
}
