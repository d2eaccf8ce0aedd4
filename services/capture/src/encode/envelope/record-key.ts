import type { ByteWriter } from '@sluice/binlog';
import { appendAll } from '../../model/json-bytes.ts';

/**
 * The record key of key columns. In a topic of several tables something stands in front of them, so that equal keys of two
 * tables differ; else they are the record key.
 * @param head `TableParts.keyHead`
 * @param columns one JSON object
 * @param scratch where a key that has a head is put together
 */
export function recordKeyOf(head: Buffer | null, columns: ByteWriter, scratch: ByteWriter): ByteWriter {
  if (head === null) return columns;
  scratch.position = 0;
  appendAll(scratch, head);
  scratch.reserve(columns.position);
  // The head has an opening brace of its own.
  columns.bytes.copy(scratch.bytes, scratch.position, 1, columns.position);
  scratch.position += columns.position - 1;
  return scratch;
}
