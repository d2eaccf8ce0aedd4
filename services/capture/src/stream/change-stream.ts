import type { BinlogHandler, RowsEvent, TableMap } from '@sluice/binlog';
import type { DdlPolicy, Sequence } from '@sluice/envelope';
import { PipelineError } from '@sluice/runtime';
import type { GtidTracker } from '../source/gtid-tracker.ts';
import { SequenceCounter } from '../state/sequence-counter.ts';
import { tableId } from '../state/table.ts';
import { ChangeWriter, type ChangeContext } from './change-writer.ts';
import { writeSchema, writeTruncate, type ControlPoint } from './control-writer.ts';
import { classifyStatement, respelled, type LoggedStatement } from './ddl.ts';
import type { DdlChange } from './ddl-change.ts';
import type { DdlReporter, SeenStatement } from './ddl-reporter.ts';
import type { PublishBuffer } from './publish-buffer.ts';
import type { RowWriterOptions } from './row-writer.ts';
import type { NameChange } from './name-changes.ts';
import type { Dialect } from './sql-lexer.ts';
import type { TableName } from './statement-text.ts';
import type { Announcement, TableRoutes } from './table-routes.ts';
import { binlogFileNumber, isAtOrPast, type StreamPosition } from '../source/position.ts';
import type { StreamProgress } from '../snapshot/visibility.ts';

/** Where an earlier reading stopped: needed to number and to skip the same way. */
export interface ResumePoint {
  readonly file: string;
  /** Bytes; a GTID set may let the reading begin elsewhere. */
  readonly position: number;
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
  readonly flavour: Dialect['flavour'];
  /** The source's own id, for what is published before its first event. */
  readonly serverId: number;
  readonly generation: number;
  readonly resume: ResumePoint;
  readonly gtids: GtidTracker | null;
  readonly routes: TableRoutes;
  readonly ddl: DdlReporter;
  readonly buffer: PublishBuffer;
  readonly rows: RowWriterOptions;
}

/** Facts of the transaction that is open, or was the last one open. */
interface Transaction {
  open: boolean;
  gtid: string | null;
  start: number;
  floorAtStart: number;
  /** Microseconds since 1970, as the binlog tells them. */
  committedAtMicros: number;
  committedAtMs: number;
  serverId: number;
  images: number;
  /** Name of the XA transaction that it is; null for any other. */
  xa: string | null;
  /** Whether rows of captured tables were met. */
  wroteRows: boolean;
}

/**
 * From decoded binlog events to records in the publish buffer: numbers every row image, drops what was published before
 * a restart, and knows at each moment which position a checkpoint may name. Called synchronously by the decoder.
 */
export class ChangeStream implements BinlogHandler, ChangeContext {
  readonly #server: string;
  readonly #flavour: Dialect['flavour'];
  readonly #serverId: number;
  readonly #resume: ResumePoint;
  readonly #gtids: GtidTracker | null;
  readonly #routes: TableRoutes;
  readonly #ddl: DdlReporter;
  readonly #writer: ChangeWriter;
  readonly #sequence: SequenceCounter;
  #skipping: boolean;
  #position: StreamPosition;
  /** The end of the last transaction, or where this reading began. */
  #closedAt: StreamPosition;
  fileJson = '""';
  /** The buffer that rows go into; the loop swaps it when it publishes. */
  buffer: PublishBuffer;
  /** Milliseconds since 1970; the loop sets it once per batch of events. */
  now = 0;
  transactions = 0;
  /** Creation time of the present file (seconds since 1970), 0 before its format event was seen. */
  fileCreatedAt: number;
  /** When the source last said that there is nothing more to read; null since the last event. */
  atTip = false;
  readonly transaction: Transaction = {
    open: false,
    gtid: null,
    start: 0,
    floorAtStart: 0,
    committedAtMicros: 0,
    committedAtMs: 0,
    serverId: 0,
    images: 0,
    xa: null,
    wroteRows: false,
  };

  constructor(options: ChangeStreamOptions) {
    this.#server = options.server;
    this.#flavour = options.flavour;
    this.#serverId = options.serverId;
    this.#resume = options.resume;
    this.#gtids = options.gtids;
    this.#routes = options.routes;
    this.#ddl = options.ddl;
    this.#sequence = new SequenceCounter(options.generation);
    this.#skipping = options.resume.publishedThrough !== null;
    this.#position = { file: options.resume.file, position: options.resume.position };
    this.#closedAt = this.#position;
    this.fileCreatedAt = options.resume.fileCreatedAt;
    this.buffer = options.buffer;
    this.#writer = new ChangeWriter(this, options.rows);
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
      position: open ? { file, position: start + 1 } : this.#closedAt,
    };
  }

  /**
   * Takes a number for a snapshot that begins now, between two transactions: everything published before is below it, rows
   * of earlier snapshots at this position too, and none of its own rows is. The next transaction's images stand behind
   * that transaction's first event, so theirs are what they would be without it.
   */
  beginSnapshot(): Sequence {
    this.#sequence.next(this.#position.position, 1);
    return this.#sequence.current();
  }

  /** The sequence fields of rows that were read up to `mark`, now that the stream has passed it. */
  snapshotSequence(mark: StreamPosition): { readonly prefix: string; readonly offset: number } {
    const { file, floor, prefix } = this.#sequence;
    const sameFile = binlogFileNumber(mark.file) === file;
    return { prefix, offset: sameFile ? Math.max(mark.position, floor) : floor };
  }

  /** Whether tables must be seen to before a further event may be decoded. */
  get mustSettleTables(): boolean {
    return this.#routes.mustSettle;
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
    if (file !== this.#position.file) this.fileCreatedAt = 0; // that of the file before is not its own
    this.fileJson = JSON.stringify(file);
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
    transaction.committedAtMicros = begin.committedAtMicros;
    transaction.committedAtMs = begin.committedAtMicros / 1000;
    transaction.serverId = begin.serverId;
    transaction.images = 0;
    transaction.xa = null;
    this.atTip = false;
  }

  onTableMap(map: TableMap): void {
    this.#routes.meet(map, this.announcement);
  }

  onRows(rows: RowsEvent): void {
    const { xa } = this.transaction;
    const route = this.#routes.of(rows.table);
    if (route?.encoder.table.treatment.skips?.has(rows.operation) === true) return this.#skip(rows);
    if (xa !== null && this.#routes.captures(rows.table.database, rows.table.table))
      return this.#stopTable(rows, xa, route !== null);
    if (route === null) return this.#skip(rows);
    this.transaction.wroteRows = true;
    this.#writer.write(rows, route);
  }

  #skip(rows: RowsEvent): void {
    const images = rows.countImages();
    this.#sequence.skip(rows.start, images);
    this.transaction.images += images;
  }

  /** Nobody knows whether an XA transaction commits when its rows come: its table goes on when an operator says so. */
  #stopTable(rows: RowsEvent, xid: string, isRunning: boolean): void {
    this.#skip(rows);
    const point = this.point(this.#sequence.current(), rows.start);
    this.#ddl.reportXa(xid, rows.table, { buffer: this.buffer, point });
    if (isRunning) this.#routes.stop(rows.table);
  }

  /** Where a new version of a table is announced. */
  readonly announcement = (): Announcement => ({ buffer: this.buffer, point: this.point() });

  onCommit(end: number): void {
    this.transactions++;
    this.#closeTransaction(end);
  }

  onQuery(query: LoggedStatement & { start: number; end: number; closes: boolean }): void {
    const statement = respelled(classifyStatement(query, this.#flavour), this.#routes.spelling);
    switch (statement.kind) {
      case 'truncate':
        this.#truncated(statement, query);
        break;
      case 'ddl':
        this.#changed(statement, query);
        break;
      case 'xa':
        if (statement.step === 'start') this.transaction.xa = statement.xid;
        else this.#routes.inDoubt.push(...this.#ddl.tablesOfXa(statement.xid));
        break;
      case 'rollback':
        this.#refuseRolledBack();
        break;
      case 'rows':
        this.#refuseStatement(statement.verb, statement.table, query);
        break;
      case 'other':
        break;
    }
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

  #changed(change: DdlChange, query: SeenStatement & { start: number }): void {
    const offset = this.#sequence.next(query.start, 0);
    const point = this.point(this.#sequence.current(), query.start);
    const isNew = this.#routes.noteDdl(change, query.sql);
    if (!this.wasPublished(offset)) {
      this.#ddl.report(change, query, { buffer: this.buffer, point });
      for (const moved of this.#ddl.movedNames(change)) this.#tellMoved(moved, point);
    }
    // Rows that an earlier table of this name left in the topic are gone.
    if (change.created !== null && isNew) this.#truncate(change.created, offset, point, 'apply');
  }

  /** Sinks stop here where the policy says so; else, and then, they have no rows under a name that is gone. */
  #tellMoved({ table, change, isGone }: NameChange, point: ControlPoint): void {
    const known = this.#routes.byName(table.database, table.table)?.encoder.table;
    if (known === undefined) return;
    const policy = this.#ddl.policies[change];
    writeSchema(this.buffer, known, change, point, policy);
    const takesRows = isGone && policy !== 'alert' && known.treatment.skips?.has('TRUNCATE') !== true;
    if (takesRows) writeTruncate(this.buffer, known, point);
  }

  #truncated(table: TableName, query: SeenStatement & { start: number }): void {
    const offset = this.#sequence.next(query.start, 0);
    const point = this.point(this.#sequence.current(), query.start);
    if (!this.#truncate(table, offset, point, this.#ddl.policies.truncate)) return;
    this.#ddl.reportTruncate(table, query, { buffer: this.buffer, point });
  }

  /** Whether there was something to publish. */
  #truncate({ database, table }: TableName, offset: number, point: ControlPoint, policy: DdlPolicy): boolean {
    const route = this.#routes.byName(database, table);
    if (route === null) return false;
    if (route.recorder !== null) route.recorder.disturbed = true;
    if (this.wasPublished(offset) || route.encoder.table.treatment.skips?.has('TRUNCATE') === true)
      return false;
    writeTruncate(this.buffer, route.encoder.table, point, policy);
    return true;
  }

  /** Rows that a statement changes are not in the binlog. One that may change any table is refused as well. */
  #refuseStatement(verb: string, table: TableName | null, at: { database: string; start: number }): void {
    if (table !== null && !this.#routes.captures(table.database, table.table)) return;
    throw new PipelineError(
      'BINLOG_STATEMENT',
      `${verb} ${table === null ? `in database ${at.database}` : `of ${tableId(table.database, table.table)}`} was logged as a statement.`,
      { context: { file: this.#position.file, start: at.start } },
    );
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
    transaction.xa = null;
    this.#skipping = false;
    this.#position = { file: this.#position.file, position: end };
    this.#closedAt = this.#position;
  }

  wasPublished(offset: number): boolean {
    if (!this.#skipping) return false;
    const through = this.#resume.publishedThrough;
    if (through === null || this.#sequence.file > through.fileNumber) return false;
    return this.#sequence.file < through.fileNumber || offset <= through.offset;
  }
}
