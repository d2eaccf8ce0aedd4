import { ByteWriter, type RowsEvent } from '@sluice/binlog';
import type { PublishBuffer } from '../encode/publish-buffer.ts';
import type { RowGroup } from '../encode/record-format.ts';
import { RowWriter, type RowWriterOptions } from '../encode/row-writer.ts';
import type { RowCondition } from '../model/publication.ts';
import type { SkippedRows } from './skipped-rows.ts';
import { keyText, type TableRoute } from './table-route.ts';
import type { SequenceCounter } from '../model/sequence-counter.ts';

const NEW_KEY = Buffer.from('new_key');
const OLD_KEY = Buffer.from('old_key');

/** What a row needs to know of the stream around it. */
export interface ChangeContext {
  readonly buffer: PublishBuffer;
  /** Milliseconds since 1970. */
  readonly now: number;
  /** Binlog file name as a JSON string. */
  readonly fileJson: string;
  readonly sequence: SequenceCounter;
  readonly skipped: SkippedRows;
  readonly transaction: {
    readonly gtid: string | null;
    /** Microseconds since 1970. */
    readonly committedAtMicros: number;
    /** Of the statement whose rows come now. */
    readonly traceparent: string | null;
    /** Row images met so far. */
    images: number;
  };
  /** Whether a row with this sequence offset was published by an earlier reading. */
  wasPublished(offset: number): boolean;
}

/** From the rows of one event to records: numbers every image, writes what was not published before. The hot path. */
export class ChangeWriter {
  readonly #context: ChangeContext;
  readonly #writer: RowWriter;
  readonly #otherKey = new ByteWriter(256);

  constructor(context: ChangeContext, options: RowWriterOptions) {
    this.#context = context;
    this.#writer = new RowWriter(options);
  }

  write(rows: RowsEvent, route: TableRoute): void {
    this.#writer.beginGroup(this.#group(rows, route, rows.operation));
    const imagesBefore = this.#context.transaction.images;
    const { condition } = route.encoder.table.publication;
    if (condition !== null) this.#meeting(condition, rows, route, imagesBefore);
    else if (rows.operation === 'UPDATE') this.#updates(rows, route, imagesBefore);
    else this.#insertsOrDeletes(rows, route, imagesBefore);
  }

  #insertsOrDeletes(rows: RowsEvent, route: TableRoute, imagesBefore: number): void {
    const context = this.#context;
    const writer = this.#writer;
    const insert = rows.operation === 'INSERT';
    while (rows.next()) {
      const index = rows.imageIndex;
      const offset = context.sequence.next(rows.start, index);
      context.transaction.images++;
      route.encoder.writeKey(insert ? rows.after : rows.before, writer.key);
      route.recorder?.note(keyText(writer.key));
      if (context.wasPublished(offset)) continue;
      const before = insert ? null : rows.before;
      const after = insert ? rows.after : null;
      writer.write(context.buffer, before, after, index, offset, imagesBefore + index, null);
      route.counts[rows.operation]++;
    }
  }

  #updates(rows: RowsEvent, route: TableRoute, imagesBefore: number): void {
    const context = this.#context;
    const writer = this.#writer;
    const { encoder } = route;
    while (rows.next()) {
      const index = rows.imageIndex;
      const beforeOffset = context.sequence.next(rows.start, index);
      const offset = context.sequence.next(rows.start, index + 1);
      context.transaction.images += 2;
      encoder.writeKey(rows.after, writer.key);
      route.recorder?.note(keyText(writer.key));
      if (!encoder.sameKey(rows.before, rows.after)) {
        this.#keyChange(rows, route, imagesBefore, beforeOffset, offset);
        continue;
      }
      if (context.wasPublished(offset)) continue;
      const eventIndex = imagesBefore + index + 1;
      writer.write(context.buffer, rows.before, rows.after, index + 1, offset, eventIndex, null);
      route.counts.UPDATE++;
    }
  }

  /**
   * Only rows that meet the table's condition: an UPDATE that leaves it ends the row, one that enters it begins it. Images
   * are numbered as without a condition.
   */
  #meeting(condition: RowCondition, rows: RowsEvent, route: TableRoute, imagesBefore: number): void {
    const { sequence, transaction, skipped } = this.#context;
    const { operation } = rows;
    while (rows.next()) {
      const index = rows.imageIndex;
      const offset = sequence.next(rows.start, index);
      const afterOffset = operation === 'UPDATE' ? sequence.next(rows.start, index + 1) : offset;
      transaction.images += operation === 'UPDATE' ? 2 : 1;
      const wasIn = operation !== 'INSERT' && condition.holds(rows.before);
      const isIn = operation !== 'DELETE' && condition.holds(rows.after);
      if (wasIn && isIn) this.#update(rows, route, imagesBefore, offset, afterOffset);
      else if (wasIn) this.#end(rows, route, imagesBefore, offset);
      else if (isIn) this.#beginning(rows, route, imagesBefore, afterOffset);
      else skipped.condition++;
    }
  }

  #update(
    rows: RowsEvent,
    route: TableRoute,
    imagesBefore: number,
    beforeOffset: number,
    offset: number,
  ): void {
    const { encoder } = route;
    const { buffer } = this.#context;
    const writer = this.#writer;
    const index = rows.imageIndex + 1;
    encoder.writeKey(rows.after, writer.key);
    route.recorder?.note(keyText(writer.key));
    if (!encoder.sameKey(rows.before, rows.after)) {
      this.#keyChange(rows, route, imagesBefore, beforeOffset, offset);
    } else if (!this.#context.wasPublished(offset)) {
      writer.write(buffer, rows.before, rows.after, index, offset, imagesBefore + index, null);
      route.counts.UPDATE++;
    }
  }

  /** The row is no longer there, or no longer meets the condition. */
  #end(rows: RowsEvent, route: TableRoute, imagesBefore: number, offset: number): void {
    const writer = this.#writer;
    const index = rows.imageIndex;
    route.encoder.writeKey(rows.before, writer.key);
    route.recorder?.note(keyText(writer.key));
    if (this.#context.wasPublished(offset)) return;
    writer.beginGroup(this.#group(rows, route, 'DELETE'));
    writer.write(this.#context.buffer, rows.before, null, index, offset, imagesBefore + index, null);
    writer.beginGroup(this.#group(rows, route, rows.operation));
    route.counts.DELETE++;
  }

  /** The row is new, or meets the condition from now on. */
  #beginning(rows: RowsEvent, route: TableRoute, imagesBefore: number, offset: number): void {
    const writer = this.#writer;
    const index = rows.imageIndex + (rows.operation === 'UPDATE' ? 1 : 0);
    route.encoder.writeKey(rows.after, writer.key);
    route.recorder?.note(keyText(writer.key));
    if (this.#context.wasPublished(offset)) return;
    writer.beginGroup(this.#group(rows, route, 'INSERT'));
    writer.write(this.#context.buffer, null, rows.after, index, offset, imagesBefore + index, null);
    writer.beginGroup(this.#group(rows, route, rows.operation));
    route.counts.INSERT++;
  }

  /** A key change is the end of one row and the beginning of another; headers link the two. */
  #keyChange(
    rows: RowsEvent,
    route: TableRoute,
    imagesBefore: number,
    beforeOffset: number,
    offset: number,
  ): void {
    const { encoder } = route;
    const { buffer } = this.#context;
    const index = rows.imageIndex;
    const writer = this.#writer;
    encoder.writeKey(rows.after, this.#otherKey);
    encoder.writeKey(rows.before, writer.key);
    route.recorder?.note(keyText(writer.key));
    if (this.#context.wasPublished(offset)) return;
    writer.beginGroup(this.#group(rows, route, 'DELETE'));
    const newKey = { name: NEW_KEY, key: this.#otherKey };
    writer.write(buffer, rows.before, null, index, beforeOffset, imagesBefore + index, newKey);
    encoder.writeKey(rows.before, this.#otherKey);
    encoder.writeKey(rows.after, writer.key);
    writer.beginGroup(this.#group(rows, route, 'INSERT'));
    const oldKey = { name: OLD_KEY, key: this.#otherKey };
    writer.write(buffer, null, rows.after, index + 1, offset, imagesBefore + index + 1, oldKey);
    writer.beginGroup(this.#group(rows, route, 'UPDATE'));
    route.counts.DELETE++;
    route.counts.INSERT++;
  }

  #group(rows: RowsEvent, route: TableRoute, operation: RowGroup['operation']): RowGroup {
    const { transaction, fileJson, sequence, now } = this.#context;
    return {
      encoder: route.encoder,
      operation,
      serverId: rows.serverId,
      committedAtMicros: transaction.committedAtMicros,
      fileJson,
      offset: rows.start,
      gtid: transaction.gtid,
      sequencePrefix: sequence.prefix,
      capturedAt: now,
      traceparent: transaction.traceparent,
    };
  }
}
