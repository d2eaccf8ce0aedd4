import type { TableName } from '@sluice/envelope';
import type { RowStatement } from '../ddl/row-statement.ts';

/** Rows of these tables were taken back, as far as their engines know how. */
export interface RolledBack {
  readonly kind: 'rolled-back';
  readonly tables: readonly TableName[];
  /** Takes them out of the buffer; false when that cannot be done any more, and some may be published. */
  readonly undo: () => boolean;
  readonly statement: string;
  /** When the group was written, in seconds since 1970. */
  readonly timestamp: number;
  /** Offset of the statement in its file. */
  readonly start: number;
}

/** Rows were changed by a statement that was logged as its text. */
export interface LoggedChange extends RowStatement {
  readonly kind: 'statement';
  /** The server says that it has to do with a temporary table: it may be the one that is changed. */
  readonly mayBeTemporary: boolean;
  readonly statement: string;
  readonly start: number;
}

/** What the binlog does not tell of rows. */
export type Doubt = RolledBack | LoggedChange;
