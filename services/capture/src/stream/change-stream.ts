import type { BinlogHandler, RowsEvent, TableMap } from '@sluice/binlog';
import { type Sequence, tableId, type TableName } from '@sluice/envelope';
import { PipelineError } from '@sluice/runtime';
import type { GtidTracker } from '../source/gtid-tracker.ts';
import { KnownGtids } from '../source/known-gtids.ts';
import { SequenceCounter } from '../model/sequence-counter.ts';
import type { CascadeMarks } from './cascade-marks.ts';
import { ChangeWriter, type ChangeContext } from './change-writer.ts';
import type { SourceInfo } from '../encode/record-format.ts';
import { classifyStatement, respelled, type LoggedStatement, type XaStep } from '../ddl/ddl.ts';
import type { DdlReporter } from './ddl-reporter.ts';
import { DdlWriter, type StatementContext } from './ddl-writer.ts';
import type { Doubt } from './doubt.ts';
import { GroupRows } from './group-rows.ts';
import type { PublishBuffer } from '../encode/publish-buffer.ts';
import type { RowStatement } from '../ddl/row-statement.ts';
import type { RowWriterOptions } from '../encode/row-writer.ts';
import { noneSkipped, type SkippedRows } from './skipped-rows.ts';
import { beginTransaction, newTransaction } from './stream-transaction.ts';
import type { Dialect } from '../ddl/sql-lexer.ts';
import type { TableRoutes } from './table-routes.ts';
import type { TableWorkQueue } from './table-work.ts';
import type { SchemaChangeContext } from '../encode/schema-change-context.ts';
import { traceparentIn } from '../model/traceparent.ts';
import { binlogFileNumber, isAtOrPast, type StreamPosition } from '../model/position.ts';
import type { StreamProgress } from '../source/stream-progress.ts';
import type { ResumePoint } from '../state/resume-point.ts';

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
  /** Takes what is learned of tables. */
  readonly work: TableWorkQueue;
  readonly ddl: DdlReporter;
  readonly cascades: CascadeMarks;
  readonly buffer: PublishBuffer;
  readonly rows: RowWriterOptions;
  /** `tracing.comments`. */
  readonly readsComments: boolean;
}

/**
 * From decoded binlog events to records in the publish buffer: numbers every row image, drops what was published before
 * a restart, and knows at each moment which position a checkpoint may name. Called synchronously by the decoder.
 */
export class ChangeStream implements BinlogHandler, ChangeContext, StatementContext {
  readonly #server: string;
  readonly #flavour: Dialect['flavour'];
  readonly #serverId: number;
  readonly #resume: ResumePoint;
  readonly #gtids: KnownGtids;
  readonly #routes: TableRoutes;
  readonly #work: TableWorkQueue;
  readonly #ddl: DdlReporter;
  readonly #cascades: CascadeMarks;
  readonly #readsComments: boolean;
  readonly #writer: ChangeWriter;
  readonly #statements: DdlWriter;
  readonly #rows: GroupRows;
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
  readonly skipped = noneSkipped();
  /** Creation time of the present file (seconds since 1970), 0 before its format event was seen. */
  fileCreatedAt: number;
  /** When the source last said that there is nothing more to read; null since the last event. */
  atTip = false;
  readonly transaction = newTransaction();

  constructor(options: ChangeStreamOptions) {
    this.#server = options.server;
    this.#flavour = options.flavour;
    this.#serverId = options.serverId;
    this.#resume = options.resume;
    this.#gtids = new KnownGtids(options.flavour, options.gtids);
    this.#routes = options.routes;
    this.#work = options.work;
    this.#ddl = options.ddl;
    this.#cascades = options.cascades;
    this.#readsComments = options.readsComments;
    this.#sequence = new SequenceCounter(options.generation);
    this.#skipping = options.resume.publishedThrough !== null;
    this.#position = { file: options.resume.file, position: options.resume.position };
    this.#closedAt = this.#position;
    this.fileCreatedAt = options.resume.fileCreatedAt;
    this.buffer = options.buffer;
    this.#writer = new ChangeWriter(this, options.rows);
    this.#statements = new DdlWriter(this, options.routes, options.ddl);
    this.#rows = new GroupRows(options.buffer);
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
    return this.#gtids.text;
  }

  /** What a snapshot's SELECT must at least see: all that was read, an open transaction included. */
  get progress(): StreamProgress {
    const { open, gtid, start } = this.transaction;
    const { file } = this.#position;
    // No set of GTIDs holds an open transaction that has none.
    const gtidSet = open && gtid === null ? null : this.gtidSet;
    const openGtid = open ? `,${gtid}` : '';
    return {
      gtidSet: gtidSet === null ? null : `${gtidSet}${openGtid}`.replace(/^,/, ''),
      position: open ? { file, position: start + 1 } : this.#closedAt,
    };
  }

  /**
   * Takes a number for a snapshot that begins now, between two transactions and not while `isSkipping`: everything published before is below it, rows
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
    return !this.#work.isEmpty;
  }

  /**
   * Whether a transaction of which an earlier reading has published a part is still to be read once more. No number may be taken
   * before: its rows are told apart by the numbers that they had.
   */
  get isSkipping(): boolean {
    return this.#skipping;
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

  onPreviousGtids(gtidSet: string | null): void {
    this.#gtids.noteBefore(gtidSet, this.#position.position);
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
    // Its server ended before it was committed: what was left of it was rolled back.
    if (transaction.open) {
      this.#cascades.drop();
      this.#noteRolledBack('a transaction without an end', transaction.start, () => false);
    }
    beginTransaction(transaction, begin, this.#sequence.floor);
    this.#rows.begin(this.#skipping);
    this.atTip = false;
  }

  onRowsQuery(sql: Buffer): void {
    if (this.#readsComments) this.transaction.traceparent = traceparentIn(sql);
  }

  onTableMap(map: TableMap): void {
    this.#routes.meet(map, this.announcement);
  }

  onRows(rows: RowsEvent): void {
    this.#cascades.note(rows);
    const route = this.#routes.of(rows.table);
    if (route?.encoder.table.publication.skips?.has(rows.operation) === true)
      return this.#skip(rows, 'operation');
    if (route === null) return this.#passOver(rows);
    this.#rows.note(rows.table, route, this.buffer);
    this.#writer.write(rows, route);
  }

  #skip(rows: RowsEvent, reason: keyof SkippedRows): void {
    const images = rows.countImages();
    this.skipped[reason] += rows.operation === 'UPDATE' ? images / 2 : images;
    this.#sequence.skip(rows.start, images);
    this.transaction.images += images;
  }

  /** An XA transaction is told of a stopped table too. */
  #passOver(rows: RowsEvent): void {
    const { database, table } = rows.table;
    if (this.transaction.xa !== null && this.#routes.captures(database, table))
      this.#rows.note(rows.table, null, this.buffer);
    this.#skip(rows, 'table');
  }

  /**
   * Nobody knows whether a prepared XA transaction commits: its rows are taken back, and their tables go on when an operator says
   * so. They are read again then, so rows that are published already do not stay.
   */
  #stopTables(xid: string, start: number): void {
    this.#rows.undo(null, this.buffer);
    for (const [map, route] of this.#rows.tables) {
      const point = this.point(this.highest, start);
      this.#ddl.reportXa(xid, map, { buffer: this.buffer, point });
      if (route !== null) this.#routes.stop(map);
    }
    this.#rows.begin(false);
  }

  /** The loop publishes the open group in parts: before that rows of an XA transaction are taken back. */
  noteSplit(): void {
    const { xa, start } = this.transaction;
    if (xa !== null && !this.#rows.isEmpty) this.#stopTables(xa, start);
  }

  /** Where something is told that no rollback may take away: a new version of a table. */
  readonly announcement = (): SchemaChangeContext => {
    this.#rows.noteTold();
    return { buffer: this.buffer, point: this.point() };
  };

  onCommit(end: number): void {
    this.transactions++;
    this.#closeTransaction(end);
  }

  onQuery(query: LoggedStatement & { start: number; end: number; closes: boolean }): void {
    const statement = respelled(classifyStatement(query, this.#flavour), this.#routes.spelling);
    switch (statement.kind) {
      case 'truncate':
        if (query.closes) this.#statements.truncated(statement, query);
        else this.#noteLogged({ verb: 'DELETE', table: statement, isAlone: true, touchesOld: true }, query);
        break;
      case 'ddl':
        this.#statements.changed(statement, query);
        break;
      case 'xa':
        this.#xa(statement.step, statement.xid, query.start);
        break;
      case 'savepoint':
        this.#rows.savepoint(statement.name, this.buffer);
        break;
      case 'rollback':
        if (statement.savepoint === null) this.#cascades.drop();
        this.#noteRolledBack(query.sql, query.start, () => this.#rows.undo(statement.savepoint, this.buffer));
        break;
      case 'rows':
        this.#noteLogged(statement, query);
        break;
      case 'other':
        break;
    }
    if (query.closes) this.#closeTransaction(query.end);
  }

  #xa(step: XaStep, xid: string, start: number): void {
    if (step === 'start') this.transaction.xa = xid;
    else if (step === 'prepare') {
      this.#stopTables(xid, start);
      this.#cascades.prepare(xid);
    } else if (step === 'commit') {
      for (const table of this.#ddl.tablesOfXa(xid)) this.#work.add({ kind: 'xa-committed', table });
      this.#cascades.commitPrepared(xid);
    } else this.transactions++;
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
  point(sequence: Sequence = this.highest, offset = this.#position.position): SourceInfo {
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

  /** Groups that are rolled back reach the binlog when the session had a temporary table, or changed one without transactions. */
  #noteRolledBack(statement: string, start: number, undo: () => boolean): void {
    if (this.#rows.isEmpty) return;
    const names = [...this.#rows.tables.keys()].map(({ database, table }) => ({ database, table }));
    const timestamp = Math.floor(this.transaction.committedAtMs / 1000);
    this.#doubt({ kind: 'rolled-back', tables: names, undo, statement, timestamp, start });
  }

  /** Also the DELETE of all rows, where it may yet be rolled back. */
  #noteLogged(change: RowStatement, { start, threadSpecific }: LoggedStatement & { start: number }): void {
    const { verb, table } = change;
    const name = table === null ? '' : ` of ${tableId(table.database, table.table)}`;
    const statement = `${verb}${name} as a statement`;
    this.#doubt({ ...change, kind: 'statement', statement, start, mayBeTemporary: threadSpecific });
  }

  #doubt(doubt: Doubt): void {
    this.#work.add({ kind: 'doubt', doubt });
  }

  /**
   * Tables that are read again, because the binlog does not tell what became of rows of theirs. False when an open alert says so
   * already: a session that logs statements would leave one for each of them.
   */
  tellDoubt(tables: readonly TableName[], { statement, start }: Doubt): boolean {
    if (this.#ddl.isToldOfRows(statement, tables)) return false;
    this.#rows.noteTold();
    this.#ddl.reportRows(statement, tables, { buffer: this.buffer, point: this.point(this.highest, start) });
    return true;
  }

  #closeTransaction(end: number): void {
    const { transaction } = this;
    if (transaction.open) this.#gtids.pass(transaction.gtid);
    transaction.open = false;
    transaction.xa = null;
    this.#skipping = false;
    this.#position = { file: this.#position.file, position: end };
    this.#closedAt = this.#position;
    this.#cascades.close();
  }

  wasPublished(offset: number): boolean {
    if (!this.#skipping) return false;
    const through = this.#resume.publishedThrough;
    if (through === null || this.#sequence.file > through.fileNumber) return false;
    const was = this.#sequence.file < through.fileNumber || offset <= through.offset;
    if (was) this.skipped.published++;
    return was;
  }
}
