export { toPipelineError } from './errors.ts';
export { murmur2, partitionFor } from './murmur2.ts';
export { encodeHeader, RecordBatchBuilder, type ByteTarget } from './record-batch-builder.ts';
export type { Compression } from './record-batch-wire.ts';
export { TransactionalPublisher, type PublisherOptions, type TopicBatch } from './transactional-publisher.ts';
