import type { TableMap } from '@sluice/binlog';
import type { TableName } from '@sluice/envelope';
import type { LoggedStatement } from '../ddl/ddl.ts';
import type { Doubt } from './doubt.ts';

/** What somebody has learned of tables, to be seen to between two events. Names are those of captured tables. */
export type TableWork =
  /** A table map without a route: no row of it can be decoded before. */
  | { readonly kind: 'unknown-map'; readonly map: TableMap }
  /** A statement is about a table of which the server knows more than its table maps tell; null: it gives the name to another. */
  | {
      readonly kind: 'columns';
      readonly table: TableName;
      readonly alter: Pick<LoggedStatement, 'sql' | 'sqlMode'> | null;
    }
  /** A table has lost its name. */
  | { readonly kind: 'dropped'; readonly table: TableName }
  /** A database is gone with all its tables, those too of which nothing is known here. */
  | { readonly kind: 'database-dropped'; readonly database: string }
  /** A CREATE has made the table, or found it. */
  | { readonly kind: 'created'; readonly table: TableName; readonly isNew: boolean }
  /** Another table has got this name. */
  | { readonly kind: 'renamed'; readonly table: TableName }
  /** A statement has given the table other rows or columns than the stream tells. */
  | { readonly kind: 'altered'; readonly table: TableName }
  /** Rows of a prepared XA transaction: nothing of the table is published until an operator says so. */
  | { readonly kind: 'stopped'; readonly table: TableName }
  /** An operator has said so. */
  | { readonly kind: 'resumed'; readonly table: TableName }
  /** A prepared XA transaction has committed rows of the table, which may have gone on without them. */
  | { readonly kind: 'xa-committed'; readonly table: TableName }
  /** A snapshot cannot read the table as the source has it now, or one that could not be captured is other than before. */
  | { readonly kind: 'unreadable'; readonly table: TableName }
  /** The source has a table of which the stream has told nothing. */
  | { readonly kind: 'unaccounted'; readonly table: TableName }
  /** A table that was captured is gone, and no statement says so. */
  | { readonly kind: 'vanished'; readonly table: TableName }
  /** The binlog does not tell what became of rows. */
  | { readonly kind: 'doubt'; readonly doubt: Doubt }
  /** A DDL may have taken away what the source was asked about when the stream was behind. */
  | { readonly kind: 'answers-doubtful' };

/** The work that waits, in the order in which it was learned: many add to it, one part takes it (`tables/table-life.ts`). */
export class TableWorkQueue {
  #waiting: TableWork[] = [];

  /** Asked after every event. */
  get isEmpty(): boolean {
    return this.#waiting.length === 0;
  }

  get waiting(): readonly TableWork[] {
    return this.#waiting;
  }

  add(work: TableWork): void {
    this.#waiting.push(work);
  }

  /** All that waits; from now on nothing does. */
  take(): readonly TableWork[] {
    const taken = this.#waiting;
    this.#waiting = [];
    return taken;
  }
}
