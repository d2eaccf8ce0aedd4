export { auditTopicSpec, AuditTrail, type AuditTrailOptions } from './audit-trail.ts';
export { kafkaClient } from './client.ts';
export { inCopies, MIN_IN_SYNC, type CopySettings } from './copies.ts';
export { fragileTopics } from './fragile-topics.ts';
export type { TopicRecord } from './committed-records.ts';
export { toPipelineError } from './errors.ts';
export { murmur2, partitionFor } from './murmur2.ts';
export {
  encodeHeader,
  encodeHeaderCount,
  RecordBatchBuilder,
  type ByteTarget,
} from './record-batch-builder.ts';
export { PlainProducer, type CopiedRecord, type PlainRecord } from './plain-producer.ts';
export { recordValues } from './record-values.ts';
export { TopicProducer } from './topic-producer.ts';
export { compressedBytes, type Compression } from './record-batch-wire.ts';
export type { KafkaOutage } from './recovery-window.ts';
export { RecordSeals, SEAL_HEADER, sealHeader, sealIn, type PlacedRecord } from './record-seals.ts';
export { TopicReader, type TopicReaderOptions } from './topic-reader.ts';
export type { RecordPlace, SealedTopics } from './topic-ranges.ts';
export { describeCluster, type ClusterFacts, type TopicFacts } from './topic-settings.ts';
export {
  compareTopics,
  deleteTopics,
  ensureTopics,
  listTopics,
  type TopicProblem,
  type TopicSpec,
} from './topics.ts';
export { TransactionalPublisher, type PublisherOptions, type TopicBatch } from './transactional-publisher.ts';
export type { ConsumedBatch, ConsumedRecord } from './consumed-batch.ts';
export {
  chooseStart,
  partitionName,
  type StartOffset,
  type GroupOffset,
  type StoredOffset,
  type TopicPartition,
  type Watermarks,
} from './consumer-start.ts';
export { forgetReader } from './forget-reader.ts';
export { groupLag, type GroupLag } from './group-lag.ts';
export {
  groupActive,
  groupHasOffsets,
  groupMembers,
  groupOffsets,
  groupPositions,
  GroupWatch,
  moveGroup,
  type GroupMember,
  type GroupMove,
  type GroupPosition,
} from './group-offsets.ts';
export { BatchConsumer } from './consumer.ts';
export { lagOf } from './consumer-lag.ts';
export type { BatchConsumerOptions, BatchVerdict } from './consumer-options.ts';
