import { parseKey, tableIdOf, type RowEnvelope } from '@sluice/envelope';
import type { ComparedTable, OpenRepair, RowPlace, StoreRepair, UndoneRow } from '@sluice/compare';
import {
  readVersion,
  SQL_FILE_HEAD,
  toPipelineError,
  type Flavour,
  type Pool,
  type PoolConnection,
  type RowDataPacket,
} from '@sluice/mysql';
import { parseSection } from '@sluice/runtime';
import type { Delivery, Outcome, Sink, SinkContext } from '@sluice/sink-kit';
import { byTable, inTransaction, RowGuards, SEQUENCE_COLUMN, Sessions, toSequence } from '@sluice/sql-sink';
import type { CommitWatcher, SqlDriver } from '@sluice/sql-sink';
import { mysqlSinkSchema, targetTable, type MysqlSinkConfig } from './config.ts';
import { KeptColumns, keyIs } from './kept-columns.ts';
import { mysqlDialect } from './mysql-dialect.ts';
import { mysqlDriver, targetPool } from './mysql-driver.ts';
import { mysqlSink } from './mysql-sink.ts';
import { guardedDelete, insertStatements, pendingRow } from './row-statements.ts';
import { TableOwners } from './table-owner.ts';
import type { TargetTable } from './target-table.ts';
import { TargetTables } from './target-tables.ts';
import { valueHolders } from './value-holders.ts';

/** No offset moves with it. */
const UNWATCHED: CommitWatcher = { sent: () => undefined, committed: () => undefined };
const NEVER = new AbortController().signal;

export const openRepair: OpenRepair = async ({ name, config: file, contextOf }) => {
  const config = parseSection(file, ['sinks', name], mysqlSinkSchema);
  const context = contextOf(config);
  const sink = mysqlSink.create(config, context);
  await sink.open(NEVER);
  const pool = targetPool(config, context.section);
  const sessions = new Sessions(mysqlDriver(pool, config.password), config.transactionTimeoutMs);
  const { flavour } = await sessions.run(NEVER, (connection) => readVersion(connection));
  return new MysqlRepair({ config, context }, sink, pool, flavour);
};

class MysqlRepair implements StoreRepair {
  readonly #config: MysqlSinkConfig;
  readonly #sink: Sink;
  readonly #pool: Pool;
  readonly #driver: SqlDriver<PoolConnection>;
  readonly #sessions: Sessions<PoolConnection>;
  readonly #guards: RowGuards<PoolConnection>;
  readonly #tables: TargetTables;
  readonly #owners: TableOwners;

  constructor(
    { config, context }: { config: MysqlSinkConfig; context: SinkContext },
    sink: Sink,
    pool: Pool,
    flavour: Flavour,
  ) {
    const { password, stateDatabase, transactionTimeoutMs } = config;
    this.#config = config;
    this.#sink = sink;
    this.#pool = pool;
    this.#driver = mysqlDriver(pool, password);
    this.#sessions = new Sessions(this.#driver, transactionTimeoutMs);
    const store = { driver: this.#driver, dialect: mysqlDialect, stateDatabase };
    this.#guards = new RowGuards(this.#sessions, store);
    this.#tables = new TargetTables(flavour);
    this.#owners = new TableOwners(config, context);
  }

  write(rows: readonly Delivery[]): Promise<readonly Outcome[]> {
    return this.#sink.write(rows, NEVER, 'repair');
  }

  kept(rows: readonly RowPlace[]): Promise<readonly (string | null)[]> {
    return this.#sessions.run(NEVER, async (connection) => {
      const known = new Map<string, KeptColumns>();
      const kept: (string | null)[] = [];
      for (const row of rows) {
        const columns = known.get(tableIdOf(row)) ?? (await this.#columnsOf(connection, row));
        known.set(tableIdOf(row), columns);
        const table = await this.#tableOf(connection, row);
        const [found] = await select(connection, columns.selectSql(keyIs(table, parseKey(row.rowKey))));
        kept.push(found === undefined ? null : columns.textOf(found));
      }
      return kept;
    });
  }

  displaced(rows: readonly Delivery[], compared: ComparedTable): Promise<readonly (readonly string[])[]> {
    return this.#sessions.run(NEVER, async (connection) => {
      const [first] = rows;
      if (first === undefined) return [];
      const table = await this.#tableOf(connection, (first.envelope as RowEnvelope).payload.source);
      return valueHolders(connection, table, rows, compared);
    });
  }

  async restore(row: UndoneRow): Promise<boolean> {
    return (await this.restoreTogether([row])).every(Boolean);
  }

  async restoreTogether(rows: readonly UndoneRow[]): Promise<readonly boolean[]> {
    let done: readonly boolean[] = [];
    const work = async (connection: PoolConnection): Promise<CommitWatcher> => {
      done = await this.#restoreIn(connection, rows);
      return UNWATCHED;
    };
    try {
      await this.#sessions.run(NEVER, (connection) =>
        inTransaction(this.#driver, connection, () => work(connection)),
      );
    } catch (error) {
      throw toPipelineError(error);
    }
    return done;
  }

  /** One transaction, and the session that its literals are written for, without foreign keys as the sink's own. Each statement leaves a row alone that is newer, as nobody looks before it is run. */
  statements(rows: readonly Delivery[]): Promise<string> {
    return this.#sessions.run(NEVER, async (connection) => {
      const lines: string[] = [];
      for (const positions of byTable(rows)) {
        const some = positions.flatMap((position) => rows[position] ?? []);
        lines.push(...(await this.#tableStatements(connection, some)));
      }
      return `${SQL_FILE_HEAD}START TRANSACTION;\n${lines.map((line) => `${line};\n`).join('')}COMMIT;\n`;
    });
  }

  async close(): Promise<void> {
    await this.#sink.close();
    await this.#pool.end();
  }

  /** All that the repair has written goes before any of it comes back: a row may hold what was another's. */
  async #restoreIn(connection: PoolConnection, rows: readonly UndoneRow[]): Promise<boolean[]> {
    const writes: string[] = [];
    const done: boolean[] = [];
    for (const row of rows) {
      const table = await this.#tableOf(connection, row);
      const where = keyIs(table, parseKey(row.rowKey));
      const state = await this.#stateOf(connection, row, `${table.sql} WHERE ${where}`);
      done.push(state !== 'changed');
      if (state !== 'repaired') continue;
      await connection.query(`DELETE FROM ${table.sql} WHERE ${where}`);
      if (row.kept === null) continue;
      const columns = await this.#columnsOf(connection, row);
      writes.push(columns.insertSql(row.kept, row.sequence));
    }
    for (const sql of writes) await connection.query(sql);
    return done;
  }

  /** What the repair has made of the row is there, or what was before, or something else. The row is locked. */
  async #stateOf(
    connection: PoolConnection,
    row: UndoneRow,
    place: string,
  ): Promise<'repaired' | 'as it was' | 'changed'> {
    const sql = `SELECT ${SEQUENCE_COLUMN} FROM ${place} FOR UPDATE`;
    const [stored] = await select(connection, sql);
    if (stored !== undefined) return toSequence(stored[0]) === row.sequence ? 'repaired' : 'changed';
    if (row.kept === null) return 'as it was';
    const deletedAt = await this.#deletedAt(connection, row);
    // Who takes the place of a row leaves no trace of it.
    const isGone = deletedAt === '' && row.gaveWay === true;
    return deletedAt === row.sequence || isGone ? 'repaired' : 'changed';
  }

  /** The sequence of the delete that the sink remembers, or of a truncate behind the repair; '' without one. */
  async #deletedAt(connection: PoolConnection, row: UndoneRow): Promise<string> {
    const { topic, partition, key, sequence } = row;
    const origin = { topic, partition, table: tableIdOf(row) };
    const change = { key, sequence };
    const newest = await this.#guards.read(connection, origin);
    if (newest.truncateWatermark > sequence) return newest.truncateWatermark;
    const deleted = await this.#guards.addDeleted(connection, origin, newest, [change], new Map());
    return deleted.get(change) ?? '';
  }

  async #tableStatements(connection: PoolConnection, rows: readonly Delivery[]): Promise<string[]> {
    const [first] = rows;
    if (first === undefined) return [];
    const { source, key } = (first.envelope as RowEnvelope).payload;
    const table = await this.#tableOf(connection, source);
    const plan = table.keyPlan(Object.keys(key));
    const pending = rows.map((row, position) => pendingRow(row, position, plan));
    const writes = pending.filter(({ after }) => after !== null);
    const deletes = pending.filter(({ after }) => after === null);
    // An upsert fires on any unique index, and would change the row of another key.
    const mayMeetStrangers = plan.otherUnique.length > 0;
    const inserts = insertStatements(table, writes, mayMeetStrangers ? 'absent' : 'guarded');
    return [
      ...(mayMeetStrangers ? pending : deletes).map((row) => guardedDelete(table, plan, row)),
      ...[...inserts].map(({ sql }) => sql),
    ];
  }

  /** Throws TARGET_TABLE_REFUSED for the copy of another table. */
  async #tableOf(
    connection: PoolConnection,
    { database, table }: Pick<RowPlace, 'database' | 'table'>,
  ): Promise<TargetTable> {
    const source = { database, table };
    const target = targetTable(this.#config, source);
    const refusal = this.#owners.isOwn(source) ? null : await this.#owners.refusalOf(connection, source);
    if (refusal !== null) throw refusal;
    return this.#tables.get(connection, target.database, target.table);
  }

  #columnsOf(connection: PoolConnection, row: RowPlace): Promise<KeptColumns> {
    const { database, table } = targetTable(this.#config, row);
    return KeptColumns.of(connection, database, table);
  }
}

async function select(connection: PoolConnection, sql: string): Promise<(string | null)[][]> {
  const [found] = await connection.query<RowDataPacket[]>({ sql, rowsAsArray: true });
  return found as unknown as (string | null)[][];
}
