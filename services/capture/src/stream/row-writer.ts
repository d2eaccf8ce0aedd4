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
  HEADERS_WITH_LINK,
  KEY,
  NO_AFTER,
  NO_BEFORE_AFTER,
  NULL,
  OFFSET,
  OFFSET_DIGITS,
  OPERATION_UP_TO_SEQUENCE,
  POSITION_FILE,
  ROW,
  SEQUENCE_DIGITS,
  TRANSACTION_ID,
} from './envelope-parts.ts';
import { append, appendAll, appendInteger, appendThousandths, writeDigits } from './json-bytes.ts';
import { LatestText } from './latest-text.ts';
import type { PartitionBatch, PublishBuffer } from './publish-buffer.ts';
import type { TableEncoder, ValueImage } from './table-encoder.ts';

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

/** A further record header, for the link between the two halves of a key change. */
export interface LinkHeader {
  readonly name: Buffer;
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
  readonly #sequence = Buffer.alloc(SEQUENCE_DIGITS, '0');
  readonly #sequencePrefix = new LatestText();
  readonly #file = new LatestText();
  readonly #gtid = new LatestText('"');
  readonly key = new ByteWriter(256);
  readonly #tombstones: boolean;
  #group: RowGroup | null = null;

  constructor(options: { readonly tombstones: boolean }) {
    this.#tombstones = options.tombstones;
  }

  beginGroup(group: RowGroup): void {
    this.#group = group;
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
    const tail = restart(this.#tail);
    appendAll(tail, TRANSACTION_ID);
    appendAll(tail, gtid);
    appendAll(tail, EVENT_INDEX);
    const end = restart(this.#end);
    appendAll(end, CAPTURED_AT);
    appendInteger(end, group.capturedAt);
    appendAll(end, CLOSE);
    this.#sequence.set(prefix);
  }

  /**
   * Appends one record. `this.key` must hold the record key.
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
    const { table } = group.encoder;
    const key = this.key;
    const partition = partitionFor(key.bytes, 0, key.position, table.partitions);
    writeDigits(this.#sequence, SEQUENCE_DIGITS - OFFSET_DIGITS, offset, OFFSET_DIGITS);
    let batch = buffer.partition(table.topic, partition);
    this.#writeRecord(batch, before, after, imageIndex, eventIndex, link);
    if (batch.records.byteLength > buffer.maxBatchBytes && batch.records.count > 0) {
      batch.records.rewind(); // too much for one batch together: the row gets one of its own
      batch = buffer.nextBatch(table.topic, partition);
      this.#writeRecord(batch, before, after, imageIndex, eventIndex, link);
    }
    const { records } = batch;
    records.end();
    buffer.rows++;
    if (this.#tombstones && group.operation === 'DELETE') this.#writeTombstone(records);
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
    records.begin(group.capturedAt);
    records.key(key.bytes, 0, key.position);
    records.beginValue();
    append(out, this.#head.bytes, this.#head.position);
    appendInteger(out, imageIndex);
    append(out, this.#middle.bytes, this.#middle.position);
    appendAll(out, this.#sequence);
    appendAll(out, KEY);
    append(out, key.bytes, key.position);
    writeImages(group.encoder, out, before, after);
    append(out, this.#tail.bytes, this.#tail.position);
    appendInteger(out, eventIndex);
    append(out, this.#end.bytes, this.#end.position);
    records.endValue();
    this.#writeHeaders(group, records, link);
  }

  #writeHeaders(group: RowGroup, records: RecordBatchBuilder, link: LinkHeader | null): void {
    records.rawHeaders((link === null ? HEADERS : HEADERS_WITH_LINK)[group.operation]);
    records.rawHeaders(this.#sequence);
    records.rawHeaders(group.encoder.schemaHeader);
    if (link !== null) records.header(link.name, link.key.bytes, 0, link.key.position);
  }

  /** Lets a compacted topic forget the key. */
  #writeTombstone(records: RecordBatchBuilder): void {
    records.begin((this.#group as RowGroup).capturedAt);
    records.key(this.key.bytes, 0, this.key.position);
    records.nullValue();
    records.headerCount(0);
    records.end();
  }
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
}
