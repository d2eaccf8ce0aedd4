import { ByteWriter } from '@sluice/binlog';
import type { RowOperation } from '@sluice/envelope';
import { partitionFor, type RecordBatchBuilder } from '@sluice/kafka';
import { VERSION } from '@sluice/runtime';
import { append, appendAscii, appendInteger, appendText, writeDigits } from './json-bytes.ts';
import type { PartitionBatch, PublishBuffer } from './publish-buffer.ts';
import { OPERATION_HEADERS, type TableEncoder, type ValueImage } from './table-encoder.ts';

const NULL = Buffer.from('null');
const KEY = Buffer.from('","key":');
const BEFORE = Buffer.from(',"before":');
const AFTER = Buffer.from(',"after":');
const SEQUENCE_HEADER = Buffer.from('sequence');
const SEQUENCE_DIGITS = 19;
const OFFSET_DIGITS = 10;
const METADATA = `,"metadata":{"connector":"sluice","version":${JSON.stringify(VERSION)},"transaction_id":`;

/** What a group of rows has in common: one rows event, or one chunk of a snapshot. */
export interface RowGroup {
  readonly encoder: TableEncoder;
  readonly operation: RowOperation;
  readonly serverId: number;
  /** Commit time: milliseconds since 1970 as JSON number text. */
  readonly timestamp: string;
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
 * Lays out row envelopes (version 1) straight into record batches. The parts that are equal for all rows of a group are
 * written once, into scratch memory; a row costs its values, its numbers and a few copies.
 */
export class RowWriter {
  readonly #head = new ByteWriter(512);
  readonly #middle = new ByteWriter(256);
  readonly #tail = new ByteWriter(256);
  readonly #end = new ByteWriter(64);
  readonly #sequence = Buffer.alloc(SEQUENCE_DIGITS, '0');
  readonly key = new ByteWriter(256);
  readonly #tombstones: boolean;
  #group: RowGroup | null = null;

  constructor(options: { readonly tombstones: boolean }) {
    this.#tombstones = options.tombstones;
  }

  beginGroup(group: RowGroup): void {
    this.#group = group;
    const gtid = group.gtid === null ? 'null' : `"${group.gtid}"`;
    const head = restart(this.#head);
    const constant = group.encoder.head(group.serverId);
    append(head, constant, constant.length);
    appendText(
      head,
      `${group.timestamp},"position":{"file":${group.fileJson},"offset":${group.offset},"row":`,
    );
    const snapshot = group.operation === 'SNAPSHOT';
    const middle = `},"gtid":${gtid},"snapshot":${snapshot}},"operation":"${group.operation}","sequence":"${group.sequencePrefix}`;
    appendAscii(restart(this.#middle), middle);
    appendAscii(restart(this.#tail), `${METADATA}${gtid},"event_index":`);
    appendAscii(restart(this.#end), `,"captured_at":${group.capturedAt}}}}`);
    this.#sequence.write(group.sequencePrefix, 0, 'latin1');
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
    let batch = buffer.partition(table.topic, partition);
    this.#writeRecord(batch, before, after, imageIndex, offset, eventIndex, link);
    if (batch.records.byteLength > buffer.maxBatchBytes && batch.records.count > 0) {
      batch.records.rewind(); // too much for one batch together: the row gets one of its own
      batch = buffer.nextBatch(table.topic, partition);
      this.#writeRecord(batch, before, after, imageIndex, offset, eventIndex, link);
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
    offset: number,
    eventIndex: number,
    link: LinkHeader | null,
  ): void {
    records.begin((this.#group as RowGroup).capturedAt);
    records.key(this.key.bytes, 0, this.key.position);
    records.beginValue();
    this.#writeValue(out, before, after, imageIndex, offset, eventIndex);
    records.endValue();
    this.#writeHeaders(records, link);
  }

  /** Lets a compacted topic forget the key. */
  #writeTombstone(records: RecordBatchBuilder): void {
    records.begin((this.#group as RowGroup).capturedAt);
    records.key(this.key.bytes, 0, this.key.position);
    records.nullValue();
    records.headerCount(0);
    records.end();
  }

  #writeValue(
    out: ByteWriter,
    before: ValueImage | null,
    after: ValueImage | null,
    imageIndex: number,
    offset: number,
    eventIndex: number,
  ): void {
    const { encoder } = this.#group as RowGroup;
    append(out, this.#head.bytes, this.#head.position);
    appendInteger(out, imageIndex);
    append(out, this.#middle.bytes, this.#middle.position);
    out.reserve(OFFSET_DIGITS);
    writeDigits(this.#sequence, SEQUENCE_DIGITS - OFFSET_DIGITS, offset, OFFSET_DIGITS);
    this.#sequence.copy(out.bytes, out.position, SEQUENCE_DIGITS - OFFSET_DIGITS);
    out.position += OFFSET_DIGITS;
    append(out, KEY, KEY.length);
    append(out, this.key.bytes, this.key.position);
    append(out, BEFORE, BEFORE.length);
    writeImage(encoder, before, out);
    append(out, AFTER, AFTER.length);
    writeImage(encoder, after, out);
    append(out, this.#tail.bytes, this.#tail.position);
    appendInteger(out, eventIndex);
    append(out, this.#end.bytes, this.#end.position);
  }

  #writeHeaders(records: RecordBatchBuilder, link: LinkHeader | null): void {
    const group = this.#group as RowGroup;
    records.headerCount(link === null ? 3 : 4);
    records.rawHeader(OPERATION_HEADERS[group.operation]);
    records.header(SEQUENCE_HEADER, this.#sequence, 0, SEQUENCE_DIGITS);
    records.rawHeader(group.encoder.schemaHeader);
    if (link !== null) records.header(link.name, link.key.bytes, 0, link.key.position);
  }
}

function writeImage(encoder: TableEncoder, image: ValueImage | null, out: ByteWriter): void {
  if (image === null) append(out, NULL, NULL.length);
  else encoder.writeRow(image, out);
}

function restart(writer: ByteWriter): ByteWriter {
  writer.position = 0;
  return writer;
}
