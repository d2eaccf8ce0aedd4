import type { RowEnvelope } from '@sluice/envelope';
import type { PublishBuffer } from '../../src/encode/publish-buffer.ts';

/** Bytes of a RecordBatch v2 before its first record (Kafka documentation, "Record Batch"). */
const HEADER_BYTES = 61;

export interface BufferRecord {
  readonly topic: string;
  readonly partition: number;
  readonly key: string;
  readonly value: string | null;
  readonly headers: Readonly<Record<string, string>>;
}

/** All records of a buffer, batch by batch. */
export function recordsOf(buffer: PublishBuffer): BufferRecord[] {
  return buffer.batches.flatMap(({ topic, partition, batch }) => {
    const { out } = batch;
    const reader = new Reader(out.bytes.subarray(HEADER_BYTES, out.position));
    return Array.from({ length: batch.count }, () => ({ topic, partition, ...reader.record() }));
  });
}

class Reader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  record(): { key: string; value: string | null; headers: Record<string, string> } {
    this.#varint(); // length
    this.#at++; // attributes
    this.#varint(); // timestamp delta
    this.#varint(); // offset delta
    const key = this.#text() ?? '';
    const value = this.#text();
    const count = this.#varint();
    const headers = Array.from({ length: count }, () => [this.#text(), this.#text()]);
    return { key, value, headers: Object.fromEntries(headers) as Record<string, string> };
  }

  #text(): string | null {
    const length = this.#varint();
    if (length < 0) return null;
    this.#at += length;
    return this.#bytes.toString('utf8', this.#at - length, this.#at);
  }

  /** Zigzag, seven bits a byte. */
  #varint(): number {
    let value = 0;
    for (let shift = 1; ; shift *= 128) {
      const byte = this.#bytes[this.#at++] ?? 0;
      value += (byte & 127) * shift;
      if (byte < 128) return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
    }
  }
}

/** The row records of `shop.orders`, in the order in which they were written. */
export function rowsOf(records: readonly BufferRecord[]): RowEnvelope['payload'][] {
  const ofOrders = records.filter(({ topic }) => topic === 'p.shop.orders');
  const rows = ofOrders.filter(({ value }) => value?.includes('"type":"row"'));
  const payloads = rows.map(({ value }) => (JSON.parse(value ?? '') as RowEnvelope).payload);
  return payloads.sort((a, b) => (a.sequence < b.sequence ? -1 : 1));
}

/** The control records of a type. */
export function controls(records: readonly BufferRecord[], type: string): BufferRecord[] {
  return records.filter(({ key }) => key === `{"$sluice":"${type}"}`);
}
