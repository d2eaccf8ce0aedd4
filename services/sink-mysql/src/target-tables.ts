import { describeMysqlError, quoteIdentifier, quoteTable, readTable } from '@sluice/mysql';
import type { Flavour, MysqlErrorKind, PoolConnection, RowDataPacket, TableDescription } from '@sluice/mysql';
import { PipelineError } from '@sluice/runtime';
import { SEQUENCE_COLUMN } from '@sluice/sql-sink';
import { additiveChanges } from './additive-changes.ts';
import { definitionError } from './definition-error.ts';
import { targetChanges } from './schema-changes.ts';
import { createDatabase } from './state-tables.ts';
import { TableAlters } from './table-alters.ts';
import { checkNames, createTable, type TableSchema } from './table-definition.ts';
import { TargetTable } from './target-table.ts';
import { CODES } from './errors.ts';

/** Several workers may alter one table at once: who comes second looks again. */
const ALTER_ATTEMPTS = 5;
const DUPLICATE_COLUMN = 1060;
const WHOLE_NUMBER = /^(?:tiny|small|medium|big)?int\b/i;

export interface FollowOrder {
  readonly schema: TableSchema;
  /** No partition has rows of an older schema any more. */
  readonly isEverywhere: boolean;
  /** A partition is beyond the change that has not shown it. */
  readonly isOvertaken: boolean;
  /** Whether columns that the source has no more go. */
  readonly drops: boolean;
}

/** What may be done when the values of the rows that are there do not allow an ALTER: every ALTER is followed by a new reading of the table. */
interface Otherwise {
  /** Clauses that give the values up. */
  readonly replaced: readonly string[];
  /** Whether rows go after such a refusal, if no other way is left: they are not the source's, whose own ALTER took all of its. */
  readonly isEmptied: (kind: MysqlErrorKind) => boolean;
}

const NO_OTHER_WAY: Otherwise = { replaced: [], isEmptied: () => false };
/** They tell of rows, as after two tables have swapped their names. What a definition itself is refused for stays. */
const REFUSALS_OF_ROWS: ReadonlySet<MysqlErrorKind> = new Set(['constraint', 'duplicate', 'value']);

/** The tables of the target as this process last saw them. */
export class TargetTables {
  readonly #flavour: Flavour;
  readonly #known = new Map<string, TargetTable>();
  readonly #alters = new TableAlters();

  constructor(flavour: Flavour) {
    this.#flavour = flavour;
  }

  /** Throws MYSQL_TABLE_UNKNOWN, or TARGET_TABLE_REFUSED when Sluice's own column is missing. */
  async get(connection: PoolConnection, database: string, table: string): Promise<TargetTable> {
    const id = quoteTable(database, table);
    const known = this.#known.get(id);
    if (known !== undefined) return known;
    const description = await readTable(connection, database, table);
    if (description === null) throw new PipelineError('MYSQL_TABLE_UNKNOWN', `the target has no table ${id}`);
    if (!description.columns.some((column) => column.COLUMN_NAME === SEQUENCE_COLUMN)) {
      throw new PipelineError(CODES.TARGET_TABLE_REFUSED, `${id} has no column ${SEQUENCE_COLUMN}`);
    }
    return await this.#load(connection, id, description);
  }

  /** Forgets what is known of a table; false when nothing was. */
  forget(database: string, table: string): boolean {
    return this.#known.delete(quoteTable(database, table));
  }

  forgetAll(): void {
    this.#known.clear();
  }

  async exists(connection: PoolConnection, database: string, table: string): Promise<boolean> {
    return (await readTable(connection, database, table)) !== null;
  }

  /** The quoted name of a column of whole numbers that the table can be read by in pieces; null when it has none. */
  async walkedBy(connection: PoolConnection, database: string, table: string): Promise<string | null> {
    const description = await readTable(connection, database, table);
    const leading = description?.primaryKey[0];
    const column = description?.columns.find(({ COLUMN_NAME: name }) => name === leading);
    if (column === undefined || !WHOLE_NUMBER.test(column.COLUMN_TYPE)) return null;
    return quoteIdentifier(column.COLUMN_NAME);
  }

  /** Makes the table able to take rows of this schema, whoever else does so at the same time. */
  async ensure(
    connection: PoolConnection,
    database: string,
    table: string,
    schema: TableSchema,
  ): Promise<void> {
    checkNames(schema);
    const id = quoteTable(database, table);
    for (let attempt = 1; ; attempt += 1) {
      const present = await readTable(connection, database, table);
      const changes = present === null ? null : additiveChanges(present, schema, this.#flavour);
      if (changes?.length === 0) return;
      const statement =
        changes === null ? createTable(id, schema, this.#flavour) : `ALTER TABLE ${id} ${changes.join(', ')}`;
      this.#known.delete(id);
      try {
        if (changes === null) await createDatabase(connection, database);
        await connection.query(statement);
      } catch (error) {
        if (describeMysqlError(error).errno !== DUPLICATE_COLUMN || attempt === ALTER_ATTEMPTS) {
          throw definitionError(error, id, statement);
        }
      }
      if (attempt > ALTER_ATTEMPTS)
        throw new PipelineError(CODES.TARGET_TABLE_REFUSED, `${id} does not stay as altered`);
    }
  }

  /**
   * Gives the table's columns the types of the source, its rows the source's key, and drops columns that it has no more. Throws
   * TARGET_TABLE_WAITS while rows of the older schema may come that the newer types would refuse, TARGET_CHANGE_LOST where that has no end.
   */
  async follow(
    connection: PoolConnection,
    database: string,
    table: string,
    { schema, isEverywhere, isOvertaken, drops }: FollowOrder,
  ): Promise<void> {
    const id = quoteTable(database, table);
    const present = await readTable(connection, database, table);
    if (present === null) return;
    const jsonColumns = await this.#jsonColumns(connection, present);
    const changes = targetChanges(present, schema, this.#flavour, jsonColumns);
    const { widened, retyped, replaced, rekeys } = changes;
    const gone = isEverywhere ? (drops ? changes.dropped : changes.kept) : [];
    const clauses = [...widened, ...(isEverywhere ? retyped : []), ...gone];
    await this.#alter(connection, id, clauses, {
      replaced:
        isEverywhere && replaced.length > 0 && replaced.length === retyped.length
          ? [...widened, ...replaced, ...gone]
          : [],
      isEmptied: (kind) => isEverywhere && (rekeys || REFUSALS_OF_ROWS.has(kind)),
    });
    if (isEverywhere || retyped.length === 0) return;
    if (isOvertaken)
      throw new PipelineError(
        CODES.TARGET_CHANGE_LOST,
        `${id} cannot get other types: a partition is beyond the change and has not shown it`,
      );
    throw new PipelineError(
      CODES.TARGET_TABLE_WAITS,
      `${id} gets other types when every partition has shown the change`,
    );
  }

  /** Says now, not at the first row, that no unique key of the table serves. Throws as `get` and TARGET_TABLE_REFUSED. */
  async accept(
    connection: PoolConnection,
    database: string,
    table: string,
    { keyColumns }: TableSchema,
  ): Promise<void> {
    const loaded = await this.get(connection, database, table);
    loaded.keyPlan(keyColumns);
  }

  /**
   * Where a value does not convert, the session that altered the source may have been less strict: then the server makes of it
   * what it made of it there. What it converts by no means is given up, if there is another way for that. Throws TARGET_TABLE_REFUSED.
   */
  async #alter(
    connection: PoolConnection,
    id: string,
    clauses: readonly string[],
    otherwise: Otherwise,
  ): Promise<void> {
    if (clauses.length === 0) return;
    this.#known.delete(id);
    const statement = `ALTER TABLE ${id} ${clauses.join(', ')}`;
    try {
      await this.#alters.run(connection, id, statement);
    } catch (error) {
      const failure = definitionError(error, id, statement);
      const { kind } = describeMysqlError(error);
      if (failure.code !== CODES.TARGET_TABLE_REFUSED || kind === 'privilege') throw failure;
      const { replaced, isEmptied } = otherwise;
      if (replaced.length > 0)
        return await this.#alter(connection, id, replaced, { replaced: [], isEmptied });
      if (!isEmptied(kind)) throw failure;
      await connection.query(`DELETE FROM ${id}`);
      await this.#alter(connection, id, clauses, NO_OTHER_WAY);
    }
  }

  async #load(connection: PoolConnection, id: string, description: TableDescription): Promise<TargetTable> {
    const jsonColumns = await this.#jsonColumns(connection, description);
    const loaded = new TargetTable(description, this.#flavour, jsonColumns);
    this.#known.set(id, loaded);
    return loaded;
  }

  async #jsonColumns(
    connection: PoolConnection,
    description: TableDescription,
  ): Promise<ReadonlySet<string> | undefined> {
    return this.#flavour === 'mariadb' ? await checkedJson(connection, description) : undefined;
  }
}

/** Columns that MariaDB's type JSON has made: LONGTEXT with this very check (MariaDB manual, "JSON Data Type"). */
async function checkedJson(
  connection: PoolConnection,
  { database, table }: TableDescription,
): Promise<ReadonlySet<string>> {
  const [checks] = await connection.query<RowDataPacket[]>({
    sql: 'SELECT CHECK_CLAUSE FROM information_schema.CHECK_CONSTRAINTS WHERE CONSTRAINT_SCHEMA = ? AND TABLE_NAME = ?',
    values: [database, table],
    rowsAsArray: true,
  });
  return new Set(
    checks.flatMap((row) => {
      const name = /^json_valid\(`((?:[^`]|``)+)`\)$/i.exec(String(row[0]))?.[1];
      return name === undefined ? [] : [name.replaceAll('``', '`')];
    }),
  );
}
