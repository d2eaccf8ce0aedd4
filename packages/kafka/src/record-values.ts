import { BATCH_HEADER_BYTES, type RecordBatchBuilder } from './record-batch-builder.ts';

/** attributes of a record: one byte */
const ATTRIBUTES_BYTES = 1;

/** The values of a batch's finished records, in their order, as views of its memory; those that are null are left out. */
export function* recordValues({ out, count }: RecordBatchBuilder): Generator<Buffer> {
  const cursor = { bytes: out.bytes, position: BATCH_HEADER_BYTES };
  for (let record = 0; record < count; record++) {
    const length = readVarint(cursor);
    const end = cursor.position + length;
    cursor.position += ATTRIBUTES_BYTES;
    readVarint(cursor); // timestamp delta
    readVarint(cursor); // offset delta
    const keyBytes = readVarint(cursor); // -1: none
    cursor.position += Math.max(keyBytes, 0);
    const bytes = readVarint(cursor);
    if (bytes >= 0) yield cursor.bytes.subarray(cursor.position, cursor.position + bytes);
    cursor.position = end;
  }
}

/** A zig-zag varint of up to 53 bits. */
function readVarint(cursor: { readonly bytes: Buffer; position: number }): number {
  let [value, factor] = [0, 1];
  for (;;) {
    const byte = cursor.bytes[cursor.position++] ?? 0;
    value += (byte & 0x7f) * factor;
    if (byte < 0x80) break;
    factor *= 0x80;
  }
  return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
}
