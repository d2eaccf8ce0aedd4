import { BATCH_HEADER_BYTES, type RecordBatchBuilder } from './record-batch-builder.ts';
import { readSignedVarint } from './varint.ts';

/** attributes of a record: one byte */
const ATTRIBUTES_BYTES = 1;

/** The values of a batch's finished records, in their order, as views of its memory; those that are null are left out. */
export function* recordValues({ out, count }: RecordBatchBuilder): Generator<Buffer> {
  const cursor = { bytes: out.bytes, position: BATCH_HEADER_BYTES };
  for (let record = 0; record < count; record++) {
    const length = readSignedVarint(cursor);
    const end = cursor.position + length;
    cursor.position += ATTRIBUTES_BYTES;
    readSignedVarint(cursor); // timestamp delta
    readSignedVarint(cursor); // offset delta
    const keyBytes = readSignedVarint(cursor); // -1: none
    cursor.position += Math.max(keyBytes, 0);
    const bytes = readSignedVarint(cursor);
    if (bytes >= 0) yield cursor.bytes.subarray(cursor.position, cursor.position + bytes);
    cursor.position = end;
  }
}
