export { toPipelineError } from './errors.ts';
export { murmur2, partitionFor } from './murmur2.ts';
export { encodeHeader, RecordBatchBuilder, type ByteTarget } from './record-batch-builder.ts';
export type { Compression } from './record-batch-wire.ts';
export { TransactionalPublisher, type PublisherOptions, type TopicBatch } from './transactional-publisher.ts';
export type { ConsumedBatch, ConsumedRecord } from './consumed-batch.ts';
export { chooseStart, type StartOffset, type TopicPartition, type Watermarks } from './consumer-start.ts';
export { BatchConsumer, type BatchConsumerOptions, type BatchVerdict } from './consumer.ts';
