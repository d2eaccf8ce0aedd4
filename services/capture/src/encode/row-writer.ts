import { ByteWriter } from '@sluice/binlog';
import type { RecordBatchBuilder } from '@sluice/kafka';
import { OFFSET_DIGITS } from '../model/sequence-counter.ts';
import type { ValueImage } from '../model/publication.ts';
import { FORMAT } from './format.ts';
import type { OversizeRows } from './oversize.ts';
import type { PartitionBatch, PublishBuffer } from './publish-buffer.ts';
import type { LinkHeader, RowFormat, RowGroup } from './record-format.ts';
import { rowPartition } from './row-partition.ts';

export interface RowWriterOptions {
  /** Follow each delete by a null value with the same key (`topics.tombstones`). */
  readonly tombstones: boolean;
  /** What becomes of rows that Kafka would refuse; null: Kafka says so. */
  readonly oversize?: OversizeRows | null;
}

/**
 * Puts rows straight into record batches: into which, what frames them, and what becomes of one that is too large. Their bytes
 * are the format's.
 */
export class RowWriter {
  readonly #format: RowFormat = FORMAT.rows();
  /** The key columns of the row that is written next. */
  readonly key = new ByteWriter(256);
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
    this.#format.beginGroup(group);
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
    const key = this.#format.beginRow(this.key, offset);
    this.#recordKey = key;
    const partition = rowPartition(group.encoder.table, key, this.key);
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
    if (this.#format.traceparent !== null)
      buffer.noteTrace(this.#format.traceparent, this.#topic, group.capturedAt);
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
    batch: PartitionBatch,
    before: ValueImage | null,
    after: ValueImage | null,
    imageIndex: number,
    eventIndex: number,
    link: LinkHeader | null,
  ): void {
    const recordKey = this.#recordKey;
    batch.records.begin((this.#group as RowGroup).capturedAt);
    batch.records.key(recordKey.bytes, 0, recordKey.position);
    this.#format.row(batch, before, after, imageIndex, eventIndex, link);
  }

  /** Lets a compacted topic forget the key. */
  #writeTombstone(records: RecordBatchBuilder): void {
    records.begin((this.#group as RowGroup).capturedAt);
    records.key(this.#recordKey.bytes, 0, this.#recordKey.position);
    this.#format.tombstone(records);
    records.end();
  }
}
