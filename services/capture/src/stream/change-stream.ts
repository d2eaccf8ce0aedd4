import { ByteWriter, type BinlogHandler, type RowsEvent, type TableMap } from '@sluice/binlog';
import type { Sequence } from '@sluice/envelope';
import { PipelineError } from '@sluice/runtime';
import type { GtidTracker } from '../source/gtid-tracker.ts';
import { SequenceCounter } from '../state/sequence-counter.ts';
import type { ControlPoint } from './control-writer.ts';
import { writeTruncate } from './control-writer.ts';
import { classifyStatement } from './ddl.ts';
import type { PublishBuffer } from './publish-buffer.ts';
import { RowWriter, type RowGroup } from './row-writer.ts';
import { keyText, type TableRoute } from './table-route.ts';
import type { TableRoutes } from './table-routes.ts';
import { binlogFileNumber, isAtOrPast, type StreamPosition } from '../source/position.ts';
import type { StreamProgress } from '../snapshot/visibility.ts';

const NEW_KEY = Buffer.from('new_key');
const OLD_KEY = Buffer.from('old_key');

/** Where an earlier reading stopped: needed to number and to skip the same way. */
export interface ResumePoint {
  readonly file: string;
  /** The last sequence offset used in `file` before the point. */
  readonly floor: number;
  /** Rows up to this file number and sequence offset are published already; null when none can come again. */
  readonly publishedThrough: { readonly fileNumber: number; readonly offset: number } | null;
  /** Highest sequence published in this generation; '' when none. */
  readonly highest: Sequence;
  /** Creation time of `file` (seconds since 1970), 0 when not known. */
  readonly fileCreatedAt: number;
}

export interface ChangeStreamOptions {
  /** Logical name of the source. */
  readonly server: string;
  /** The source's own id, for what is published before its first event. */
  readonly serverId: number;
  readonly generation: number;
  readonly resume: ResumePoint;
  readonly gtids: GtidTracker | null;
  readonly routes: TableRoutes;
  readonly buffer: PublishBuffer;
  /** Follow each delete by a null value with the same key (`topics.tombstones`). */
  readonly tombstones: boolean;
}

/** Facts of the transaction that is open, or was the last one open. */
interface Transaction {
  open: boolean;
  gtid: string | null;
  start: number;
  floorAtStart: number;
  timestamp: string;
  committedAtMs: number;
  serverId: number;
  images: number;
  xa: boolean;
  /** Whether rows of captured tables were met. */
  wroteRows: boolean;
}

/**
 * From decoded binlog events to records in the publish buffer: numbers every row image, drops what was published before
 * a restart, and knows at each moment which position a checkpoint may name. Called synchronously by the decoder.
 */
export class ChangeStream implements BinlogHandler {
  readonly #server: string;
  readonly #serverId: number;
  readonly #resume: ResumePoint;
  readonly #gtids: GtidTracker | null;
  readonly #routes: TableRoutes;
  readonly #writer: RowWriter;
  readonly #otherKey = new ByteWriter(256);
  readonly #sequence: SequenceCounter;
  #skipping: boolean;
  #fileJson = '""';
  #position: StreamPosition;
  /** The buffer that rows go into; the loop swaps it when it publishes. */
  buffer: PublishBuffer;
  /** Milliseconds since 1970; the loop sets it once per batch of events. */
  now = 0;
  transactions = 0;
  fileCreatedAt = 0;
  /** When the source last said that there is nothing more to read; null since the last event. */
  atTip = false;
  readonly transaction: Transaction = {
    open: false,
    gtid: null,
    start: 0,
    floorAtStart: 0,
    timestamp: '0',
    committedAtMs: 0,
    serverId: 0,
    images: 0,
    xa: false,
    wroteRows: false,
  };

  constructor(options: ChangeStreamOptions) {
    this.#server = options.server;
    this.#serverId = options.serverId;
    this.#resume = options.resume;
    this.#gtids = options.gtids;
    this.#routes = options.routes;
    this.#sequence = new SequenceCounter(options.generation);
    this.#skipping = options.resume.publishedThrough !== null;
    this.#position = { file: options.resume.file, position: 0 };
    this.buffer = options.buffer;
    this.#writer = new RowWriter({ tombstones: options.tombstones });
  }

  /** The end of the last transaction or of what heartbeats say was passed over. */
  get position(): StreamPosition {
    return this.#position;
  }

  get sequence(): SequenceCounter {
    return this.#sequence;
  }

  /** The highest sequence given out, by this reading or an earlier one. */
  get highest(): Sequence {
    const current = this.#sequence.current();
    return current > this.#resume.highest ? current : this.#resume.highest;
  }

  get gtidSet(): string | null {
    return this.#gtids?.toString() ?? null;
  }

  /** What a snapshot's SELECT must at least see: all that was read, an open transaction included. */
  get progress(): StreamProgress {
    const { open, gtid, start } = this.transaction;
    const { file } = this.#position;
    const gtidSet = this.gtidSet;
    const openGtid = open && gtid !== null && gtidSet !== null ? `,${gtid}` : '';
    return {
      gtidSet: gtidSet === null ? null : `${gtidSet}${openGtid}`.replace(/^,/, ''),
      position: open ? { file, position: start + 1 } : this.#position,
    };
  }

  /** The sequence fields of rows that were read up to `mark`, now that the stream has passed it. */
  snapshotSequence(mark: StreamPosition): { readonly prefix: string; readonly offset: number } {
    const { file, floor, prefix } = this.#sequence;
    const sameFile = binlogFileNumber(mark.file) === file;
    return { prefix, offset: sameFile ? Math.max(mark.position, floor) : floor };
  }

  /** Whether a table map waits for its topic: no further event may be decoded before. */
  get hasNewTables(): boolean {
    return this.#routes.waiting.length > 0;
  }

  hasPassed(mark: StreamPosition): boolean {
    return isAtOrPast(this.#position, mark);
  }

  /** The same file name with another birthday is another file: the server was reset or replaced. */
  onFormat(format: { createdAt: number }): void {
    const { file, fileCreatedAt } = this.#resume;
    if (
      fileCreatedAt > 0 &&
      format.createdAt > 0 &&
      this.#position.file === file &&
      format.createdAt !== fileCreatedAt
    ) {
      throw new PipelineError(
        'SOURCE_DIVERGED',
        `The source's ${file} is not the file that was read before: the server was reset or replaced.`,
      );
    }
    this.fileCreatedAt = format.createdAt;
  }

  onRotate(file: string, position: number): void {
    const number = binlogFileNumber(file);
    if (number !== this.#sequence.file) {
      this.#sequence.enterFile(number, file === this.#resume.file ? this.#resume.floor : 0);
    }
    this.#fileJson = JSON.stringify(file);
    this.#position = { file, position };
  }

  onBegin(begin: { gtid: string | null; start: number; committedAtMicros: number; serverId: number }): void {
    const transaction = this.transaction;
    if (transaction.open) this.#refuseRolledBack();
    transaction.open = true;
    transaction.wroteRows = false;
    transaction.gtid = begin.gtid;
    transaction.start = begin.start;
    transaction.floorAtStart = this.#sequence.floor;
    transaction.committedAtMs = begin.committedAtMicros / 1000;
    transaction.timestamp = String(transaction.committedAtMs);
    transaction.serverId = begin.serverId;
    transaction.images = 0;
    transaction.xa = false;
    this.atTip = false;
  }

  onTableMap(map: TableMap): void {
    this.#routes.meet(map);
  }

  onRows(rows: RowsEvent): void {
    const route = this.#routes.of(rows.table);
    const imagesBefore = this.transaction.images;
    if (route === null) {
      const images = rows.countImages();
      this.#sequence.skip(rows.start, images);
      this.transaction.images += images;
      return;
    }
    if (this.transaction.xa) throw xaRefused(rows.table);
    this.transaction.wroteRows = true;
    this.#writer.beginGroup(this.#group(rows, route, rows.operation));
    if (rows.operation === 'UPDATE') this.#updates(rows, route, imagesBefore);
    else this.#insertsOrDeletes(rows, route, imagesBefore);
  }

  #insertsOrDeletes(rows: RowsEvent, route: TableRoute, imagesBefore: number): void {
    const insert = rows.operation === 'INSERT';
    const { encoder } = route;
    while (rows.next()) {
      const index = rows.imageIndex;
      const offset = this.#sequence.next(rows.start, index);
      this.transaction.images++;
      if (this.#skipping && this.#wasPublished(offset)) continue;
      const before = insert ? null : rows.before;
      const after = insert ? rows.after : null;
      encoder.writeKey(insert ? rows.after : rows.before, this.#writer.key);
      this.#record(route, this.#writer.key);
      this.#writer.write(this.buffer, before, after, index, offset, imagesBefore + index, null);
      route.counts[rows.operation]++;
    }
  }

  #updates(rows: RowsEvent, route: TableRoute, imagesBefore: number): void {
    const { encoder } = route;
    while (rows.next()) {
      const index = rows.imageIndex;
      const beforeOffset = this.#sequence.next(rows.start, index);
      const offset = this.#sequence.next(rows.start, index + 1);
      this.transaction.images += 2;
      if (this.#skipping && this.#wasPublished(offset)) continue;
      encoder.writeKey(rows.after, this.#writer.key);
      this.#record(route, this.#writer.key);
      if (encoder.sameKey(rows.before, rows.after)) {
        this.#writer.write(
          this.buffer,
          rows.before,
          rows.after,
          index + 1,
          offset,
          imagesBefore + index + 1,
          null,
        );
        route.counts.UPDATE++;
      } else {
        this.#keyChange(rows, route, imagesBefore, beforeOffset, offset);
      }
    }
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
    const index = rows.imageIndex;
    const writer = this.#writer;
    encoder.writeKey(rows.after, this.#otherKey);
    encoder.writeKey(rows.before, writer.key);
    this.#record(route, writer.key);
    writer.beginGroup(this.#group(rows, route, 'DELETE'));
    const newKey = { name: NEW_KEY, key: this.#otherKey };
    writer.write(this.buffer, rows.before, null, index, beforeOffset, imagesBefore + index, newKey);
    encoder.writeKey(rows.before, this.#otherKey);
    encoder.writeKey(rows.after, writer.key);
    writer.beginGroup(this.#group(rows, route, 'INSERT'));
    const oldKey = { name: OLD_KEY, key: this.#otherKey };
    writer.write(this.buffer, null, rows.after, index + 1, offset, imagesBefore + index + 1, oldKey);
    writer.beginGroup(this.#group(rows, route, 'UPDATE'));
    route.counts.DELETE++;
    route.counts.INSERT++;
  }

  onCommit(end: number): void {
    this.transactions++;
    this.#closeTransaction(end);
  }

  onQuery(query: { database: string; sql: string; start: number; end: number; closes: boolean }): void {
    const statement = classifyStatement(query.sql, query.database);
    if (statement.kind === 'truncate') this.#truncate(statement.database, statement.table, query.start);
    if (statement.kind === 'ddl') this.#routes.disturbAll();
    if (statement.kind === 'xa' && /^XA\s+START/iu.test(statement.sql)) this.transaction.xa = true;
    if (query.closes && /^ROLLBACK/iu.test(query.sql)) this.#refuseRolledBack();
    if (query.closes) this.#closeTransaction(query.end);
  }

  onHeartbeat(file: string, position: number): void {
    if (this.transaction.open) return;
    this.atTip = true;
    const mark = { file, position };
    if (file === this.#position.file && !isAtOrPast(this.#position, mark)) this.#position = mark;
  }

  onUnknown(): void {
    // The decoder names only events here that no reader needs; those that could carry rows end the stream.
  }

  /** Where a control record written now belongs. */
  point(sequence: Sequence = this.highest, offset = this.#position.position): ControlPoint {
    const { gtid, serverId, committedAtMs } = this.transaction;
    return {
      server: this.#server,
      serverId: serverId === 0 ? this.#serverId : serverId,
      file: this.#position.file,
      offset,
      gtid,
      timestamp: committedAtMs === 0 ? this.now : committedAtMs,
      sequence,
      capturedAt: this.now,
    };
  }

  #truncate(database: string, table: string, start: number): void {
    const offset = this.#sequence.next(start, 0);
    const route = this.#routes.byName(database, table);
    if (route === null || (this.#skipping && this.#wasPublished(offset))) return;
    if (route.recorder !== null) route.recorder.disturbed = true;
    writeTruncate(this.buffer, route.encoder.table, this.point(this.highest, start));
  }

  /**
   * Groups that were rolled back reach the binlog only when they changed tables without transactions too. Their rows
   * are in the buffer already, and nobody can tell which of them stayed.
   */
  #refuseRolledBack(): void {
    if (!this.transaction.wroteRows) return;
    throw new PipelineError(
      'BINLOG_ROLLBACK',
      'A transaction with rows of captured tables was rolled back in the binlog.',
      {
        context: { file: this.#position.file, start: this.transaction.start },
      },
    );
  }

  #closeTransaction(end: number): void {
    const { transaction } = this;
    if (transaction.gtid !== null && transaction.open) this.#gtids?.add(transaction.gtid);
    transaction.open = false;
    transaction.xa = false;
    this.#skipping = false;
    this.#position = { file: this.#position.file, position: end };
  }

  #group(rows: RowsEvent, route: TableRoute, operation: RowGroup['operation']): RowGroup {
    return {
      encoder: route.encoder,
      operation,
      serverId: rows.serverId,
      timestamp: this.transaction.timestamp,
      fileJson: this.#fileJson,
      offset: rows.start,
      gtid: this.transaction.gtid,
      sequencePrefix: this.#sequence.prefix,
      capturedAt: this.now,
    };
  }

  #record(route: TableRoute, key: ByteWriter): void {
    route.recorder?.keys.add(keyText(key));
  }

  #wasPublished(offset: number): boolean {
    const through = this.#resume.publishedThrough;
    if (through === null || this.#sequence.file > through.fileNumber) return false;
    return this.#sequence.file < through.fileNumber || offset <= through.offset;
  }
}

function xaRefused(table: TableMap): PipelineError {
  const id = `${table.database}.${table.table}`;
  return new PipelineError(
    'XA_TRANSACTION',
    `An XA transaction touches the captured table ${id}: its rows stand in the binlog before anybody knows whether it commits.`,
    { context: { table: id } },
  );
}
