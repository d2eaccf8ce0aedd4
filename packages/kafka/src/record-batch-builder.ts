import {
  signedVarintWidth,
  writeSignedVarint,
  writeSignedVarintOfWidth,
  writeSignedVarlong,
} from './varint.ts';

/** Where records are written. `reserve(n)` makes room for n more bytes after `position` and may replace `bytes`. */
export interface ByteTarget {
  bytes: Buffer;
  position: number;
  reserve(n: number): void;
  reset(): void;
}

/** Bytes of a RecordBatch v2 before its first record (Kafka documentation, "Record Batch"). */
export const BATCH_HEADER_BYTES = 61;

/** attributes (1) + timestamp delta (≤ 10) + offset delta (≤ 5) + three lengths and the header count (≤ 5 each). */
const MAX_FRAMING_BYTES = 36;

/**
 * Writes the records of one Kafka RecordBatch v2 (KIP-98) straight into a byte target, one record after the
 * other: `begin`, `key`, `beginValue` … `endValue` (or `nullValue`), `headerCount`, headers, `end`.
 *
 * A record and its value are preceded by their lengths as varints, which are not known before they are
 * written, and Kafka readers may insist on the canonical (shortest) form. So the width that the previous record
 * needed is kept free, and the bytes are moved in the rare case that the guess was wrong. Nothing is allocated
 * per record. Order of calls is the caller's duty; it is not checked on this path.
 */
export class RecordBatchBuilder {
  readonly out: ByteTarget;
  /** Finished records. */
  count = 0;
  /** Milliseconds since the epoch of the first record; the others are written as a difference from it. */
  firstTimestamp = 0;
  maxTimestamp = 0;

  #recordStart = BATCH_HEADER_BYTES;
  #recordTimestamp = 0;
  #recordWidth = 2;
  #valueStart = 0;
  #valueWidth = 2;

  constructor(out: ByteTarget) {
    this.out = out;
    this.reset();
  }

  /** Bytes so far before compression, the batch header and an open record included. */
  get byteLength(): number {
    return this.out.position;
  }

  /** Opens a record. `timestampMs`: milliseconds since the epoch, a fraction is dropped. */
  begin(timestampMs: number): void {
    const out = this.out;
    const timestamp = Math.floor(timestampMs);
    if (this.count === 0) this.firstTimestamp = timestamp;
    this.#recordTimestamp = timestamp;
    this.#recordStart = out.position;
    out.reserve(MAX_FRAMING_BYTES);
    const bytes = out.bytes;
    let position = out.position + this.#recordWidth;
    bytes[position++] = 0; // record attributes: none are defined
    position = writeSignedVarlong(bytes, position, timestamp - this.firstTimestamp);
    out.position = writeSignedVarint(bytes, position, this.count);
  }

  /** Copies the record key from `source[start, end)`. */
  key(source: Buffer, start: number, end: number): void {
    this.#writeBytes(source, start, end);
  }

  /** After this the value's bytes are written to `out` by the caller, up to `endValue`. */
  beginValue(): void {
    this.out.reserve(MAX_FRAMING_BYTES);
    this.out.position += this.#valueWidth;
    this.#valueStart = this.out.position;
  }

  endValue(): void {
    const length = this.out.position - this.#valueStart;
    const width = signedVarintWidth(length);
    if (width !== this.#valueWidth) this.#valueStart = this.#move(this.#valueStart, width - this.#valueWidth);
    this.#valueWidth = width;
    writeSignedVarintOfWidth(this.out.bytes, this.#valueStart - width, length, width);
  }

  /** A tombstone: the value is null. */
  nullValue(): void {
    this.out.reserve(MAX_FRAMING_BYTES);
    this.out.position = writeSignedVarint(this.out.bytes, this.out.position, -1);
  }

  /** Number of headers that follow, each written by `rawHeader` or `header`. */
  headerCount(n: number): void {
    const out = this.out;
    out.reserve(MAX_FRAMING_BYTES);
    out.position = writeSignedVarint(out.bytes, out.position, n);
  }

  /** A whole header as made once by `encodeHeader`. */
  rawHeader(encoded: Buffer): void {
    this.rawHeaders(encoded);
  }

  /** A stretch of the headers in their wire form: their number (`encodeHeaderCount`), whole headers, parts of one. */
  rawHeaders(encoded: Buffer): void {
    const out = this.out;
    out.reserve(encoded.length);
    out.bytes.set(encoded, out.position);
    out.position += encoded.length;
  }

  /** A header of which only the value changes: `name` is UTF-8, the value is `source[start, end)`. */
  header(name: Buffer, source: Buffer, start: number, end: number): void {
    this.#writeBytes(name, 0, name.length);
    this.#writeBytes(source, start, end);
  }

  /** Closes the record: only now does it count. */
  end(): void {
    const bodyStart = this.#recordStart + this.#recordWidth;
    const length = this.out.position - bodyStart;
    const width = signedVarintWidth(length);
    if (width !== this.#recordWidth) this.#move(bodyStart, width - this.#recordWidth);
    this.#recordWidth = width;
    writeSignedVarintOfWidth(this.out.bytes, this.#recordStart, length, width);
    if (this.count === 0 || this.#recordTimestamp > this.maxTimestamp)
      this.maxTimestamp = this.#recordTimestamp;
    this.count++;
    this.#recordStart = this.out.position;
  }

  /** Drops the open record, as if `begin` had not been called. */
  rewind(): void {
    this.out.position = this.#recordStart;
  }

  /** Takes back the records behind an earlier end of the batch: what `count`, `byteLength` and `maxTimestamp` were then. */
  cutTo(count: number, byteLength: number, maxTimestamp: number): void {
    this.count = count;
    this.maxTimestamp = maxTimestamp;
    this.out.position = byteLength;
    this.#recordStart = byteLength;
  }

  /** An empty batch again; the learnt widths and the memory of `out` are kept. */
  reset(): void {
    this.count = 0;
    this.firstTimestamp = 0;
    this.maxTimestamp = 0;
    this.out.reset();
    this.out.reserve(BATCH_HEADER_BYTES);
    this.out.position = BATCH_HEADER_BYTES;
    this.#recordStart = BATCH_HEADER_BYTES;
  }

  #writeBytes(source: Buffer, start: number, end: number): void {
    const out = this.out;
    const length = end - start;
    out.reserve(length + MAX_FRAMING_BYTES);
    const position = writeSignedVarint(out.bytes, out.position, length);
    copyBytes(source, start, end, out.bytes, position);
    out.position = position + length;
  }

  /** Moves everything from `start` on by `distance` bytes (either direction); answers the new start. */
  #move(start: number, distance: number): number {
    const out = this.out;
    if (distance > 0) out.reserve(distance);
    out.bytes.copyWithin(start + distance, start, out.position);
    out.position += distance;
    return start + distance;
  }
}

/** Up to about thirty bytes a loop is cheaper than the call into native code. */
function copyBytes(source: Buffer, start: number, end: number, target: Buffer, position: number): void {
  if (end - start > 32) {
    source.copy(target, position, start, end);
    return;
  }
  let to = position;
  for (let from = start; from < end; from++) target[to++] = source[from] ?? 0;
}

/** The number of a record's headers, for `RecordBatchBuilder.rawHeaders`. */
export function encodeHeaderCount(n: number): Buffer {
  const encoded = Buffer.alloc(5);
  return encoded.subarray(0, writeSignedVarint(encoded, 0, n));
}

/** One record header, lengths included, for `RecordBatchBuilder.rawHeader`. */
export function encodeHeader(name: string, value: string): Buffer {
  const nameBytes = Buffer.from(name, 'utf8');
  const valueBytes = Buffer.from(value, 'utf8');
  const encoded = Buffer.alloc(nameBytes.length + valueBytes.length + 10);
  let position = writeSignedVarint(encoded, 0, nameBytes.length);
  position += nameBytes.copy(encoded, position);
  position = writeSignedVarint(encoded, position, valueBytes.length);
  position += valueBytes.copy(encoded, position);
  return encoded.subarray(0, position);
}
