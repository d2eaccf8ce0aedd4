import type { TableMap } from '@sluice/binlog';
import { tableId, type TableName } from '@sluice/envelope';
import type { LoggedStatement, XaStep } from '../ddl/ddl.ts';
import type { RowStatement } from '../ddl/row-statement.ts';
import type { CascadeMarks } from './cascade-marks.ts';
import type { DdlReporter } from './ddl-reporter.ts';
import type { Doubt } from './doubt.ts';
import { GroupRows } from './group-rows.ts';
import type { StreamContext } from './stream-context.ts';
import type { TableRoute } from './table-route.ts';
import type { TableRoutes } from './table-routes.ts';
import type { TableWorkQueue } from './table-work.ts';

export interface GroupDoubtsParts {
  readonly context: StreamContext;
  readonly routes: Pick<TableRoutes, 'stop'>;
  /** Takes what is learned of tables. */
  readonly work: TableWorkQueue;
  readonly ddl: DdlReporter;
  readonly cascades: CascadeMarks;
}

/**
 * What may not come true of the open group: rows that a rollback takes back, rows of an XA transaction that is prepared, and
 * changes that were logged as the text of their statement.
 */
export class GroupDoubts {
  readonly #parts: GroupDoubtsParts;
  readonly #rows: GroupRows;

  constructor(parts: GroupDoubtsParts) {
    this.#parts = parts;
    this.#rows = new GroupRows(parts.context.buffer);
  }

  /** A group begins. @param isPublished whether an earlier reading may have published some of it */
  begin(isPublished: boolean): void {
    this.#rows.begin(isPublished);
  }

  /** Rows of this table follow. The route is null for one that is stopped. Called for each rows event. */
  note(map: TableMap, route: TableRoute | null): void {
    this.#rows.note(map, route, this.#parts.context.buffer);
  }

  /** Something is told that no rollback may take away. */
  noteTold(): void {
    this.#rows.noteTold();
  }

  savepoint(name: string): void {
    this.#rows.savepoint(name, this.#parts.context.buffer);
  }

  /** @param savepoint null for the whole group */
  rolledBack(savepoint: string | null, { sql, start }: LoggedStatement & { start: number }): void {
    const { context, cascades } = this.#parts;
    if (savepoint === null) cascades.drop();
    this.#noteRolledBack(sql, start, () => this.#rows.undo(savepoint, context.buffer));
  }

  /** Its server ended before the group was committed: what was left of it was rolled back. */
  unended(): void {
    this.#parts.cascades.drop();
    const { start } = this.#parts.context.transaction;
    this.#noteRolledBack('a transaction without an end', start, () => false);
  }

  /** @returns whether the step commits this group, in one phase; a prepared one is committed by a group of its own */
  xa(step: XaStep, xid: string, start: number): boolean {
    const { context, work, ddl, cascades } = this.#parts;
    if (step === 'start') context.transaction.xa = xid;
    else if (step === 'prepare') {
      this.#stopTables(xid, start);
      cascades.prepare(xid);
    } else if (step === 'commit') {
      for (const table of ddl.tablesOfXa(xid)) work.add({ kind: 'xa-committed', table });
      cascades.commitPrepared(xid);
    } else return true;
    return false;
  }

  /** The open group is published in parts: before that rows of an XA transaction are taken back. */
  split(): void {
    const { xa, start } = this.#parts.context.transaction;
    if (xa !== null && !this.#rows.isEmpty) this.#stopTables(xa, start);
  }

  /** Also the DELETE of all rows, where it may yet be rolled back. */
  logged(change: RowStatement, { start, threadSpecific }: LoggedStatement & { start: number }): void {
    const { verb, table } = change;
    const name = table === null ? '' : ` of ${tableId(table.database, table.table)}`;
    const statement = `${verb}${name} as a statement`;
    this.#doubt({ ...change, kind: 'statement', statement, start, mayBeTemporary: threadSpecific });
  }

  /**
   * Tables that are read again, because the binlog does not tell what became of rows of theirs. False when an open alert says so
   * already: a session that logs statements would leave one for each of them.
   */
  tell(tables: readonly TableName[], { statement, start }: Doubt): boolean {
    const { context, ddl } = this.#parts;
    if (ddl.isToldOfRows(statement, tables)) return false;
    this.#rows.noteTold();
    const point = context.point(context.place.highest, start);
    ddl.reportRows(statement, tables, { buffer: context.buffer, point });
    return true;
  }

  /**
   * Nobody knows whether a prepared XA transaction commits: its rows are taken back, and their tables go on when an operator says
   * so. They are read again then, so rows that are published already do not stay.
   */
  #stopTables(xid: string, start: number): void {
    const { context, routes, ddl } = this.#parts;
    const { buffer } = context;
    this.#rows.undo(null, buffer);
    for (const [map, route] of this.#rows.tables) {
      ddl.reportXa(xid, map, { buffer, point: context.point(context.place.highest, start) });
      if (route !== null) routes.stop(map);
    }
    this.#rows.begin(false);
  }

  /** Groups that are rolled back reach the binlog when the session had a temporary table, or changed one without transactions. */
  #noteRolledBack(statement: string, start: number, undo: () => boolean): void {
    if (this.#rows.isEmpty) return;
    const tables = [...this.#rows.tables.keys()].map(({ database, table }) => ({ database, table }));
    const timestamp = Math.floor(this.#parts.context.transaction.committedAtMs / 1000);
    this.#doubt({ kind: 'rolled-back', tables, undo, statement, timestamp, start });
  }

  #doubt(doubt: Doubt): void {
    this.#parts.work.add({ kind: 'doubt', doubt });
  }
}
