import type { BinlogHandler, RowsEvent, TableMap } from '@sluice/binlog';
import type { TableName } from '@sluice/envelope';
import type { DdlChange } from '../ddl/ddl-change.ts';
import { classifyStatement, respelled, type LoggedStatement } from '../ddl/ddl.ts';
import type { Dialect } from '../ddl/sql-lexer.ts';
import type { PublishBuffer } from '../encode/publish-buffer.ts';
import type { SourceInfo } from '../encode/record-format.ts';
import type { RowWriterOptions } from '../encode/row-writer.ts';
import type { SchemaChangeContext } from '../encode/schema-change-context.ts';
import { traceparentIn } from '../model/traceparent.ts';
import type { GtidTracker } from '../source/gtid-tracker.ts';
import { KnownGtids } from '../source/known-gtids.ts';
import type { StreamProgress } from '../source/stream-progress.ts';
import type { ResumePoint } from '../state/resume-point.ts';
import type { CascadeMarks } from './cascade-marks.ts';
import { ChangeWriter } from './change-writer.ts';
import type { DdlReporter } from './ddl-reporter.ts';
import { DdlWriter } from './ddl-writer.ts';
import type { Doubt } from './doubt.ts';
import { GroupDoubts } from './group-doubts.ts';
import type { SkippedRows } from './skipped-rows.ts';
import { StreamContext, type StreamSource } from './stream-context.ts';
import { StreamPlace } from './stream-place.ts';
import { beginTransaction, type StreamTransaction } from './stream-transaction.ts';
import type { TableRoutes } from './table-routes.ts';
import type { TableWorkQueue } from './table-work.ts';

export interface ChangeStreamOptions extends StreamSource {
  readonly flavour: Dialect['flavour'];
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
export class ChangeStream implements BinlogHandler {
  readonly place: StreamPlace;
  readonly #context: StreamContext;
  readonly #flavour: Dialect['flavour'];
  readonly #gtids: KnownGtids;
  readonly #routes: TableRoutes;
  readonly #work: TableWorkQueue;
  readonly #cascades: CascadeMarks;
  readonly #readsComments: boolean;
  readonly #writer: ChangeWriter;
  readonly #statements: DdlWriter;
  readonly #doubts: GroupDoubts;
  transactions = 0;
  /** Whether the source has said, since the last transaction, that there is nothing more to read. */
  atTip = false;

  constructor(options: ChangeStreamOptions) {
    const { routes, work, ddl, cascades } = options;
    this.place = new StreamPlace(options.generation, options.resume);
    const context = new StreamContext(options, this.place, options.buffer);
    this.#context = context;
    this.#flavour = options.flavour;
    this.#gtids = new KnownGtids(options.flavour, options.gtids);
    this.#routes = routes;
    this.#work = work;
    this.#cascades = cascades;
    this.#readsComments = options.readsComments;
    this.#writer = new ChangeWriter(context, options.rows);
    this.#statements = new DdlWriter(context, routes, ddl);
    this.#doubts = new GroupDoubts({ context, routes, work, ddl, cascades });
  }

  /** The buffer that rows go into; the loop swaps it when it publishes. */
  get buffer(): PublishBuffer {
    return this.#context.buffer;
  }

  set buffer(buffer: PublishBuffer) {
    this.#context.buffer = buffer;
  }

  /** Milliseconds since 1970; the loop sets it once per batch of events. */
  get now(): number {
    return this.#context.now;
  }

  set now(ms: number) {
    this.#context.now = ms;
  }

  /** The transaction that is open, or was the last one open. */
  get transaction(): Readonly<StreamTransaction> {
    return this.#context.transaction;
  }

  get skipped(): SkippedRows {
    return this.#context.skipped;
  }

  get gtidSet(): string | null {
    return this.#gtids.text;
  }

  /** What a snapshot's SELECT must at least see: all that was read, an open transaction included. */
  get progress(): StreamProgress {
    return this.place.progress(this.transaction, this.gtidSet);
  }

  /** Whether tables must be seen to before a further event may be decoded. */
  get mustSettleTables(): boolean {
    return !this.#work.isEmpty;
  }

  /** The same file name with another creation time is another file: the server was reset or replaced. */
  onFormat({ createdAt }: { createdAt: number }): void {
    this.place.noteCreatedAt(createdAt);
  }

  onPreviousGtids(gtidSet: string | null): void {
    this.#gtids.noteBefore(gtidSet, this.place.position.position);
  }

  onRotate(file: string, position: number): void {
    this.place.enterFile(file, position);
  }

  onBegin(begin: { gtid: string | null; start: number; committedAtMicros: number; serverId: number }): void {
    const { transaction } = this.#context;
    if (transaction.open) this.#doubts.unended();
    beginTransaction(transaction, begin, this.place.sequence.floor);
    this.#doubts.begin(this.place.isSkipping);
    this.atTip = false;
  }

  onRowsQuery(sql: Buffer): void {
    if (this.#readsComments) this.#context.transaction.traceparent = traceparentIn(sql);
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
    this.#doubts.note(rows.table, route);
    this.#writer.write(rows, route);
  }

  #skip(rows: RowsEvent, reason: keyof SkippedRows): void {
    const { sequence, transaction, skipped } = this.#context;
    const images = rows.countImages();
    skipped[reason] += rows.operation === 'UPDATE' ? images / 2 : images;
    sequence.skip(rows.start, images);
    transaction.images += images;
  }

  /** An XA transaction is told of a stopped table too. */
  #passOver(rows: RowsEvent): void {
    const { database, table } = rows.table;
    if (this.transaction.xa !== null && this.#routes.captures(database, table))
      this.#doubts.note(rows.table, null);
    this.#skip(rows, 'table');
  }

  /** The loop publishes the open group in parts. */
  noteSplit(): void {
    this.#doubts.split();
  }

  /** Where something is told that no rollback may take away: a new version of a table. */
  readonly announcement = (): SchemaChangeContext => {
    this.#doubts.noteTold();
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
        else
          this.#doubts.logged({ verb: 'DELETE', table: statement, isAlone: true, touchesOld: true }, query);
        break;
      case 'ddl':
        this.#changed(statement, query);
        break;
      case 'xa':
        if (this.#doubts.xa(statement.step, statement.xid, query.start)) this.transactions++;
        break;
      case 'savepoint':
        this.#doubts.savepoint(statement.name);
        break;
      case 'rollback':
        this.#doubts.rolledBack(statement.savepoint, query);
        break;
      case 'rows':
        this.#doubts.logged(statement, query);
        break;
      case 'other':
        break;
    }
    if (query.closes) this.#closeTransaction(query.end);
  }

  /** A table that was perhaps there, and is known, is left as it was by a CREATE … IF NOT EXISTS, unless its query calls something. */
  #changed(change: DdlChange, query: LoggedStatement & { start: number }): void {
    const { created, filled } = change;
    const wasKnown = created !== null && this.#routes.byName(created.database, created.table) !== null;
    const isNew = this.#statements.changed(change, query);
    if (filled !== null && (isNew || !wasKnown || !filled.isAlone)) this.#doubts.logged(filled, query);
  }

  onHeartbeat(file: string, position: number): void {
    if (this.transaction.open) return;
    this.atTip = true;
    this.place.passOver({ file, position });
  }

  onUnknown(): void {
    // The decoder names only events here that no reader needs; those that could carry rows end the stream.
  }

  /** Where a control record written now belongs. */
  point(): SourceInfo {
    return this.#context.point();
  }

  /** Tells of tables that are read again. @returns false when an open alert says so already */
  tellDoubt(tables: readonly TableName[], doubt: Doubt): boolean {
    return this.#doubts.tell(tables, doubt);
  }

  /** A table is gone, and no statement says so: sinks do as the policy of a DROP says. */
  tellVanished(table: TableName): void {
    this.#statements.vanished(table, this.announcement());
  }

  #closeTransaction(end: number): void {
    const { transaction } = this.#context;
    if (transaction.open) this.#gtids.pass(transaction.gtid);
    transaction.open = false;
    transaction.xa = null;
    this.place.close(end);
    this.#cascades.close();
  }
}
