import type { Flavour } from '@sluice/mysql';
import type { ErrorCode } from '@sluice/runtime';

/** A table, what is done to it, and rows of before and after. Statements speak of it as `t`, which is its name. */
export interface AlterCase {
  readonly name: string;
  readonly columns: string;
  /** VALUES of the first rows. */
  readonly rows: string;
  readonly statements: readonly string[];
  /** Where the statements are known; absent: on both. */
  readonly flavour?: Flavour;
  /** For statements that only a session that is not strict takes. */
  readonly lenient?: true;
  /** Why capture leaves the table alone in the end, by name; absent: every store has its rows. */
  readonly refused?: ErrorCode;
  /** Only where every case runs. */
  readonly long?: true;
}

export const of = (
  name: string,
  columns: string,
  rows: string,
  statements: readonly string[],
  only: Pick<AlterCase, 'flavour' | 'lenient' | 'refused' | 'long'> = {},
): AlterCase => ({ name, columns, rows, statements, ...only });

export const ID = 'id INT NOT NULL PRIMARY KEY';
