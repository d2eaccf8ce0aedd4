import {
  auditTopic,
  CAPTURE,
  checkpointsTopic,
  ddlTopic,
  deadLetterTopic,
  heartbeatTopic,
  instancesTopic,
  schemaHistoryTopic,
} from '@sluice/envelope';
import { auditTopicSpec, inCopies, type TopicSpec } from '@sluice/kafka';
import type { SluiceConfig } from '@sluice/runtime';

/** From this many data topics on each gets one partition: brokers pay for partitions, not for rows. */
const MANY_TOPICS = 100;

/** @param count of data topics in all */
export function dataTopicSpec(config: SluiceConfig, name: string, count: number): TopicSpec {
  const { topics } = config;
  return {
    name,
    partitions: count >= MANY_TOPICS ? 1 : topics.partitions,
    ...inCopies(topics, {
      'cleanup.policy': topics.cleanupPolicy,
      'retention.ms': String(topics.retentionMs),
      'max.message.bytes': String(topics.maxMessageBytes),
    }),
  };
}

/** Of each key the newest record counts; segments are small, so that few others are read. */
const NEWEST_ALONE = {
  'cleanup.policy': 'compact',
  'segment.bytes': String(16 * 1024 * 1024),
  'min.cleanable.dirty.ratio': '0.01',
  'max.compaction.lag.ms': '60000',
};

export function instancesTopicSpec({ topics }: Pick<SluiceConfig, 'topics'>, prefix: string): TopicSpec {
  return { name: instancesTopic(prefix), partitions: 1, ...inCopies(topics, NEWEST_ALONE) };
}

/** Checkpoints are read backwards from the end at each start: small segments keep that short. */
export function internalTopicSpecs(config: SluiceConfig, prefix: string): readonly TopicSpec[] {
  const { maxMessageBytes, retentionMs } = config.topics;
  const one = (name: string, configs: Record<string, string>): TopicSpec => ({
    name,
    partitions: 1,
    ...inCopies(config.topics, configs),
  });
  return [
    one(checkpointsTopic(prefix), NEWEST_ALONE),
    instancesTopicSpec(config, prefix),
    one(schemaHistoryTopic(prefix), {
      'cleanup.policy': 'delete',
      'retention.ms': '-1',
      'retention.bytes': '-1',
      'max.message.bytes': String(maxMessageBytes),
    }),
    one(ddlTopic(prefix), { 'cleanup.policy': 'delete', 'retention.ms': '-1' }),
    ...(config.topics.oversize === 'dead-letter'
      ? [one(deadLetterTopic(prefix, CAPTURE), { 'cleanup.policy': 'delete', 'retention.ms': '-1' })]
      : []),
    auditTopicSpec(auditTopic(prefix), config.topics),
    one(heartbeatTopic(prefix), { 'cleanup.policy': 'delete', 'retention.ms': String(retentionMs) }),
  ];
}
