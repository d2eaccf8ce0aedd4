import type { RecordBatchBuilder } from '@sluice/kafka';
import { BatchPool, PublishBuffer } from '../../src/encode/publish-buffer.ts';

/** A buffer whose batches are compressed by `compress`, by nobody unless given. */
export function bufferOf(
  maxMessageBytes = 1_048_588,
  compress: (batch: RecordBatchBuilder) => Promise<Buffer> = () => Promise.resolve(Buffer.alloc(0)),
): PublishBuffer {
  return new PublishBuffer(new BatchPool(), maxMessageBytes, compress);
}
