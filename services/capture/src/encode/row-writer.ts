import { ByteWriter } from '@sluice/binlog';
import type { RowOperation } from '@sluice/envelope';
import { partitionFor, type RecordBatchBuilder } from '@sluice/kafka';
import {
  AFTER,
  BEFORE,
  CAPTURED_AT,
  CLOSE,
  EVENT_INDEX,
  GTID,
  HEADERS,
  KEY,
  NO_AFTER,
  NO_BEFORE_AFTER,
  NULL,
  OFFSET,
  OFFSET_DIGITS,
  ONE_HEADER_MORE,
  OPERATION_UP_TO_SEQUENCE,
  POSITION_FILE,
  ROW,
  TRANSACTION_ID,
} from './envelope-parts.ts';
import { append, appendAll, appendInteger, appendThousandths, writeDigits } from '../model/json-bytes.ts';
import { LatestText } from './latest-text.ts';
import type { OversizeRows } from './oversize.ts';
import type { PartitionBatch, PublishBuffer } from './publish-buffer.ts';
import { recordKeyOf } from '../model/record-key.ts';
import type { TableEncoder } from './table-encoder.ts';
import type { ValueImage } from '../model/treatment.ts';

/** What a group of rows has in common: one rows event, or one chunk of a snapshot. */
export interface RowGroup {
  readonly encoder: TableEncoder;
  readonly operation: RowOperation;
  readonly serverId: number;
  /** Commit time, microseconds since 1970. */
  readonly committedAtMicros: number;
  /** Binlog file name as a JSON string. */
  readonly fileJson: string;
  readonly offset: number;
  readonly gtid: string | null;
  /** Generation and file number: the first nine digits of the sequence. */
  readonly sequencePrefix: string;
  /** Milliseconds since 1970. */
  readonly capturedAt: number;
}

export interface RowWriterOptions {
  /** Follow each delete by a null value with the same key (`topics.tombstones`). */
  readonly tombstones: boolean;
  /** What becomes of rows that Kafka would refuse; null: Kafka says so. */
  readonly oversize?: OversizeRows | null;
}

/** A further record header, for the link between the two halves of a key change. */
export interface LinkHeader {
  readonly name: Buffer;
  /** Key columns of the other half. */
  readonly key: ByteWriter;
}

/**
 * Lays out row envelopes straight into record batches. The parts that are equal for all rows of a group are written once,
 * into scratch memory; a row costs its values, its numbers and a few copies.
 */
export class RowWriter {
  readonly #head = new ByteWriter(1024);
  readonly #middle = new ByteWriter(512);
  readonly #tail = new ByteWriter(512);
  readonly #end = new ByteWriter(64);
  readonly #headers = new ByteWriter(128);
  /** Where the digits of the sequence that change stand in `#middle` and in `#headers`. */
  #digitsInMiddle = 0;
  #digitsInHeaders = 0;
  readonly #sequencePrefix = new LatestText();
  readonly #file = new LatestText();
  readonly #gtid = new LatestText('"');
  /** The key columns of the row that is written next. */
  readonly key = new ByteWriter(256);
  readonly #longKey = new ByteWriter(256);
  readonly #longLinkKey = new ByteWriter(256);
  /** The record key of the row that is being written. */
  #recordKey = this.key;
  #topic = '';
  readonly #tombstones: boolean;
  readonly #oversize: OversizeRows | null;
  #group: RowGroup | null = null;

  constructor({ tombstones, oversize = null }: RowWriterOptions) {
    this.#tombstones = tombstones;
    this.#oversize = oversize;
  }

  beginGroup(group: RowGroup): void {
    this.#group = group;
    this.#topic = group.encoder.topicOf(group.operation);
    const gtid = group.gtid === null ? NULL : this.#gtid.of(group.gtid);
    const prefix = this.#sequencePrefix.of(group.sequencePrefix);
    const head = restart(this.#head);
    appendAll(head, group.encoder.head(group.serverId));
    appendThousandths(head, group.committedAtMicros);
    appendAll(head, POSITION_FILE);
    appendAll(head, this.#file.of(group.fileJson));
    appendAll(head, OFFSET);
    appendInteger(head, group.offset);
    appendAll(head, ROW);
    const middle = restart(this.#middle);
    appendAll(middle, GTID);
    appendAll(middle, gtid);
    appendAll(middle, OPERATION_UP_TO_SEQUENCE[group.operation]);
    appendAll(middle, prefix);
    this.#digitsInMiddle = skip(middle, OFFSET_DIGITS);
    appendAll(middle, KEY);
    const tail = restart(this.#tail);
    appendAll(tail, TRANSACTION_ID);
    appendAll(tail, gtid);
    appendAll(tail, EVENT_INDEX);
    const end = restart(this.#end);
    appendAll(end, CAPTURED_AT);
    appendInteger(end, group.capturedAt);
    appendAll(end, CLOSE);
    this.#layOutHeaders(HEADERS[group.operation], prefix);
  }

  #layOutHeaders(upToSequence: Buffer, prefix: Buffer): void {
    const headers = restart(this.#headers);
    appendAll(headers, upToSequence);
    appendAll(headers, prefix);
    this.#digitsInHeaders = skip(headers, OFFSET_DIGITS);
    appendAll(headers, (this.#group as RowGroup).encoder.schemaHeader);
  }

  /**
   * Appends one record. `this.key` must hold the key columns.
   * @param imageIndex index of the row image in its event
   * @param offset the offset field of the row's sequence
   * @param eventIndex index of the row image in its transaction
   */
  write(
    buffer: PublishBuffer,
    before: ValueImage | null,
    after: ValueImage | null,
    imageIndex: number,
    offset: number,
    eventIndex: number,
    link: LinkHeader | null,
  ): void {
    const group = this.#group as RowGroup;
    const { table, keyHead } = group.encoder;
    const key = recordKeyOf(keyHead, this.key, this.#longKey);
    this.#recordKey = key;
    const partition = partitionFor(key.bytes, 0, key.position, table.partitions);
    writeDigits(this.#middle.bytes, this.#digitsInMiddle, offset, OFFSET_DIGITS);
    writeDigits(this.#headers.bytes, this.#digitsInHeaders, offset, OFFSET_DIGITS);
    let batch = buffer.partition(this.#topic, partition);
    this.#writeRecord(batch, before, after, imageIndex, eventIndex, link);
    if (batch.records.byteLength > buffer.maxBatchBytes && batch.records.count > 0) {
      batch.records.rewind(); // too much for one batch together: the row gets one of its own
      batch = buffer.nextBatch(this.#topic, partition);
      this.#writeRecord(batch, before, after, imageIndex, eventIndex, link);
    }
    if (batch.records.byteLength > buffer.maxBatchBytes) {
      const writeBare = (): void => this.#writeRecord(batch, null, after, imageIndex, eventIndex, link);
      if (!this.#admits(buffer, batch, partition, offset, before === null ? null : writeBare)) return;
    }
    const { records } = batch;
    records.end();
    buffer.rows++;
    if (this.#tombstones && group.operation === 'DELETE') this.#writeTombstone(records);
  }

  /**
   * Whether the open record, alone in its batch, may be published: perhaps without its before image, which the row's end
   * state does not need. Else a dead letter has taken its place.
   */
  #admits(
    buffer: PublishBuffer,
    batch: PartitionBatch,
    partition: number,
    offset: number,
    writeBare: (() => void) | null,
  ): boolean {
    const oversize = this.#oversize;
    if (oversize === null || oversize.fits(batch)) return true;
    const bytes = batch.records.byteLength;
    const {
      encoder,
      operation,
      sequencePrefix,
      capturedAt: at,
      fileJson,
      offset: start,
    } = this.#group as RowGroup;
    if (oversize.diverts && writeBare !== null) {
      batch.records.rewind();
      writeBare();
      if (oversize.fits(batch)) return true;
    }
    batch.records.rewind();
    const sequence = sequencePrefix + String(offset).padStart(OFFSET_DIGITS, '0');
    const { table } = encoder;
    const where = { topic: this.#topic, partition, key: this.#recordKey };
    oversize.divert(buffer, { table, bytes, operation, sequence, at, fileJson, offset: start, ...where });
    return false;
  }

  /** All of a record but its end. */
  #writeRecord(
    { out, records }: PartitionBatch,
    before: ValueImage | null,
    after: ValueImage | null,
    imageIndex: number,
    eventIndex: number,
    link: LinkHeader | null,
  ): void {
    const group = this.#group as RowGroup;
    const { key } = this;
    const recordKey = this.#recordKey;
    records.begin(group.capturedAt);
    records.key(recordKey.bytes, 0, recordKey.position);
    records.beginValue();
    append(out, this.#head.bytes, this.#head.position);
    appendInteger(out, imageIndex);
    append(out, this.#middle.bytes, this.#middle.position);
    append(out, key.bytes, key.position);
    writeImages(group.encoder, out, before, after);
    append(out, this.#tail.bytes, this.#tail.position);
    appendInteger(out, eventIndex);
    append(out, this.#end.bytes, this.#end.position);
    records.endValue();
    if (link === null) append(out, this.#headers.bytes, this.#headers.position);
    else this.#writeLinkedHeaders(records, link);
  }

  /** One header more than the other rows of the group have: their number, which comes first, differs. */
  #writeLinkedHeaders(records: RecordBatchBuilder, link: LinkHeader): void {
    const { bytes, position } = this.#headers;
    records.rawHeaders(ONE_HEADER_MORE);
    records.rawHeaders(bytes.subarray(ONE_HEADER_MORE.length, position));
    const key = recordKeyOf((this.#group as RowGroup).encoder.keyHead, link.key, this.#longLinkKey);
    records.header(link.name, key.bytes, 0, key.position);
  }

  /** Lets a compacted topic forget the key. */
  #writeTombstone(records: RecordBatchBuilder): void {
    records.begin((this.#group as RowGroup).capturedAt);
    records.key(this.#recordKey.bytes, 0, this.#recordKey.position);
    records.nullValue();
    records.headerCount(0);
    records.end();
  }
}

/** Leaves room for bytes that are written row by row; where it begins. */
function skip(writer: ByteWriter, length: number): number {
  const start = writer.position;
  writer.reserve(length);
  writer.position += length;
  return start;
}

function restart(writer: ByteWriter): ByteWriter {
  writer.position = 0;
  return writer;
}

function writeImages(
  encoder: TableEncoder,
  out: ByteWriter,
  before: ValueImage | null,
  after: ValueImage | null,
): void {
  if (before === null) {
    appendAll(out, NO_BEFORE_AFTER);
  } else {
    appendAll(out, BEFORE);
    encoder.writeRow(before, out);
    appendAll(out, after === null ? NO_AFTER : AFTER);
  }
  if (after !== null) encoder.writeRow(after, out);
  else if (before === null) appendAll(out, NULL);
}
