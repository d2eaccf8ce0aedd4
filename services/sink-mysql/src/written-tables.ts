import { tableArgument } from '@sluice/envelope';
import { quoteTable, type PoolConnection, type RowDataPacket } from '@sluice/mysql';
import { PipelineError } from '@sluice/runtime';

const NAMED_MAX = 20;

interface WrittenTable {
  readonly database: string;
  readonly table: string;
  /** `database.table` on the source. */
  readonly source: string;
}

/** The tables of the target that this process has written to, or made. */
export class WrittenTables {
  /** By quoted name. */
  readonly #tables = new Map<string, WrittenTable>();

  note(written: WrittenTable): void {
    this.#tables.set(quoteTable(written.database, written.table), written);
  }

  /** The source has it no more: what becomes of the copy is not this sink's affair. */
  forget(database: string, table: string): void {
    this.#tables.delete(quoteTable(database, table));
  }

  /** Throws MYSQL_TABLE_UNKNOWN with those that the target has no more, by one question. */
  async check(connection: PoolConnection): Promise<void> {
    const databases = [...new Set([...this.#tables.values()].map(({ database }) => database))];
    if (databases.length === 0) return;
    const [rows] = await connection.query<RowDataPacket[]>(
      `SELECT TABLE_SCHEMA AS db, TABLE_NAME AS name, @@lower_case_table_names AS folds
       FROM information_schema.TABLES WHERE TABLE_SCHEMA IN (${databases.map(() => '?').join(', ')})`,
      databases,
    );
    // Where names are folded, the server shows them in lower case or as they were written.
    const foldsCase = rows.some((row) => Number(row['folds']) !== 0);
    const idOf = (database: string, table: string): string =>
      foldsCase ? quoteTable(database, table).toLowerCase() : quoteTable(database, table);
    const present = new Set(rows.map((row) => idOf(String(row['db']), String(row['name']))));
    const gone = [...this.#tables.values()].filter(
      ({ database, table }) => !present.has(idOf(database, table)),
    );
    if (gone.length > 0) throw tablesGone(gone);
  }
}

function tablesGone(gone: readonly WrittenTable[]): PipelineError {
  const named = gone.slice(0, NAMED_MAX);
  const more = gone.length > named.length ? ` and ${gone.length - named.length} more` : '';
  const names = named.map(({ database, table }) => quoteTable(database, table)).join(', ');
  const tables = named.map(({ source }) => `--table ${tableArgument(source)}`).join(' ');
  return new PipelineError(
    'MYSQL_TABLE_UNKNOWN',
    `the target has no table ${names}${more} any more, or the account may not see it; a snapshot makes and fills it: sluice snapshot start ${tables} --reconcile`,
    { context: { tables: gone.length } },
  );
}
