import type { RecordBatchBuilder } from '@sluice/kafka';

export interface WrittenRecord {
  readonly key: string;
  readonly value: string | null;
  readonly headers: Readonly<Record<string, string>>;
}

const BATCH_HEADER_BYTES = 61;

/** The records of a batch that is being built, read back by the rules of Kafka's message format. */
export function readRecords(builder: RecordBatchBuilder): WrittenRecord[] {
  const bytes = builder.out.bytes.subarray(0, builder.out.position);
  let at = BATCH_HEADER_BYTES;
  const varint = (): number => {
    let value = 0;
    for (let factor = 1; ; factor *= 128) {
      const byte = bytes[at++] ?? 0;
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) break;
    }
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
  };
  const text = (): string | null => {
    const length = varint();
    if (length < 0) return null;
    at += length;
    return bytes.toString('utf8', at - length, at);
  };
  const records: WrittenRecord[] = [];
  while (at < bytes.length) {
    const length = varint();
    const end = at + length;
    at++; // attributes
    varint(); // timestamp
    varint(); // offset
    const [key, value] = [text() ?? '', text()];
    const headers: Record<string, string> = {};
    for (let left = varint(); left > 0; left--) headers[text() ?? ''] = text() ?? '';
    if (at !== end) throw new Error(`a record of ${length} bytes ends ${at - end} bytes behind its end`);
    records.push({ key, value, headers });
  }
  return records;
}
