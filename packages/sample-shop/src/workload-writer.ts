import { driverOptions, toPipelineError, type MysqlOptions } from '@sluice/mysql';
import { createConnection } from 'mysql2/promise';
import type { Connection, ResultSetHeader } from 'mysql2/promise';
import { DEMO_SESSION } from './shop-data.ts';
import type { TransactionPlan } from './transaction-plan.ts';

const CONNECT_MS = 10_000;
const MOST_TRIES = 20;
/** ER_LOCK_WAIT_TIMEOUT, ER_LOCK_DEADLOCK: the server rolled back, the same statements may be sent again. */
const LOCK_ERRORS: ReadonlySet<unknown> = new Set([1205, 1213]);

export interface DatabaseAddress {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: MysqlOptions['password'];
  /** Default: none, as for servers that hold nothing but the sample. */
  readonly tls?: MysqlOptions['tls'];
}

/** One connection of the workload. Not for use by two callers at once. */
export interface WorkloadWriter {
  /** Resolves when the transaction is committed, to how often a lock made it start again. */
  commit(plan: TransactionPlan): Promise<number>;
  close(): Promise<void>;
}

/** Throws a PipelineError with a MYSQL_… code. @param database of the session; undefined: none yet */
export async function openServer(address: DatabaseAddress, database?: string): Promise<Connection> {
  const options = { tls: 'off', connectTimeoutMs: CONNECT_MS, ...address } as const;
  const named = database === undefined ? options : { ...options, database };
  try {
    return await createConnection({ ...driverOptions(named), multipleStatements: true });
  } catch (error) {
    throw toPipelineError(error);
  }
}

/** @param mark a table without which nothing is written: each transaction asks for it on its own connection */
export async function openWriter(
  address: DatabaseAddress,
  database: string,
  mark?: string,
): Promise<WorkloadWriter> {
  const connection = await openServer(address, database);
  await connection.query(DEMO_SESSION);
  await connection.query('SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED');
  return {
    commit: async (plan) => {
      if (mark !== undefined) await connection.query(`SELECT 1 FROM ${mark} LIMIT 0`);
      return commitWithRetry(connection, plan);
    },
    close: () => connection.end(),
  };
}

async function commitWithRetry(connection: Connection, plan: TransactionPlan): Promise<number> {
  if (plan.truncate !== null) await connection.query(plan.truncate);
  const statements = ['BEGIN', ...plan.changes.map((change) => change.sql), 'COMMIT'].join(';\n');
  for (let tries = 0; ; tries += 1) {
    try {
      const [results] = await connection.query<ResultSetHeader[]>(statements);
      checkRows(plan, results);
      return tries;
    } catch (error) {
      if (!isLockError(error) || tries >= MOST_TRIES) throw error;
      await connection.query('ROLLBACK');
    }
  }
}

const isLockError = (error: unknown): boolean =>
  error instanceof Error && 'errno' in error && LOCK_ERRORS.has(error.errno);

function checkRows(plan: TransactionPlan, results: readonly ResultSetHeader[]): void {
  for (const [index, change] of plan.changes.entries()) {
    const changed = results[index + 1]?.affectedRows;
    if (changed !== change.rows) {
      throw new Error(
        `the workload meant to change ${change.rows} rows but changed ${changed}: ${change.sql.slice(0, 200)}`,
      );
    }
  }
}
