import { setTimeout as delay } from 'node:timers/promises';
import type { Connection } from '@sluice/mysql';
import { LedgerWriter, type LedgerTotals } from './ledger-writer.ts';
import type { SourceDatabase } from '../pipelines/source-database.ts';
import type { SeededRandom } from '@sluice/seeded-random';

/** Statements that make the tables of the workload. */
export const LEDGER_TABLES = [
  'CREATE TABLE ledger (id INT NOT NULL PRIMARY KEY, version INT NOT NULL, writer INT NOT NULL, body VARCHAR(200) NOT NULL)',
  'CREATE TABLE marker (id INT NOT NULL PRIMARY KEY, writer INT NOT NULL)',
  'CREATE TABLE end_mark (id INT NOT NULL PRIMARY KEY)',
];

export interface WorkloadOptions {
  readonly writers: number;
  /** How many rows must have been written before `finish` ends it. */
  readonly rows: number;
  readonly rowsPerSecond: number;
}

const NOTHING: LedgerTotals = {
  transactions: 0,
  rows: 0,
  inserts: 0,
  updates: 0,
  deletes: 0,
  keyChanges: 0,
  markers: 0,
};

/**
 * Writers on connections of their own, each on its own keys: transactions of 1 to 200 rows of inserts, updates, deletes and
 * key changes in `ledger`, inserts in `marker`; some are rolled back. `pace` holds them back.
 */
export class LedgerWorkload {
  readonly #targetRows: number;
  #rowsPerSecond: number;
  #totals = NOTHING;
  #readyAt = performance.now();
  #stopped = false;
  readonly #done: Promise<void>;

  static async start(
    database: SourceDatabase,
    random: SeededRandom,
    options: WorkloadOptions,
  ): Promise<LedgerWorkload> {
    const numbers = Array.from({ length: options.writers }, (_, number) => number);
    const connections = await Promise.all(numbers.map(() => database.connect()));
    await compressEverySecond(database, connections);
    const writers = connections.map((_, number) => new LedgerWriter(random, number, options.writers));
    return new LedgerWorkload(options, writers, connections);
  }

  private constructor(
    { rows, rowsPerSecond }: WorkloadOptions,
    writers: readonly LedgerWriter[],
    connections: readonly Connection[],
  ) {
    this.#targetRows = rows;
    this.#rowsPerSecond = rowsPerSecond;
    const runs = writers.map((writer, number) => this.#run(writer, connections[number] as Connection));
    this.#done = Promise.all(runs).then(() => undefined);
    // Whoever waits for the end is told; nobody may be waiting yet.
    this.#done.catch(() => undefined);
  }

  get totals(): LedgerTotals {
    return this.#totals;
  }

  get rowsLeft(): number {
    return Math.max(0, this.#targetRows - this.#totals.rows);
  }

  pace(rowsPerSecond: number): void {
    this.#rowsPerSecond = rowsPerSecond;
    this.#readyAt = performance.now();
  }

  /** Writes what is missing to the target as fast as it goes; resolves when every writer has committed its last. */
  async finish(): Promise<LedgerTotals> {
    this.pace(Number.POSITIVE_INFINITY);
    this.#stopped = true;
    await this.#done;
    return this.#totals;
  }

  async #run(writer: LedgerWriter, connection: Connection): Promise<void> {
    // READ COMMITTED takes no gap locks: writers on different keys never wait for each other.
    await connection.query('SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED');
    while (!this.#stopped || this.rowsLeft > 0) {
      const counted = await writer.transaction(connection);
      this.#add(counted);
      this.#readyAt = Math.max(this.#readyAt, performance.now() - 500);
      this.#readyAt += (counted.rows / this.#rowsPerSecond) * 1000;
      const waitMs = this.#readyAt - performance.now();
      if (waitMs > 0 && !this.#stopped) await delay(Math.min(waitMs, 1000));
    }
  }

  #add(more: LedgerTotals): void {
    const now = this.#totals;
    this.#totals = {
      transactions: now.transactions + more.transactions,
      rows: now.rows + more.rows,
      inserts: now.inserts + more.inserts,
      updates: now.updates + more.updates,
      deletes: now.deletes + more.deletes,
      keyChanges: now.keyChanges + more.keyChanges,
      markers: now.markers + more.markers,
    };
  }
}

/** Compressed transactions are numbered in their own way; MariaDB compresses for all sessions or for none. */
async function compressEverySecond(
  { server }: SourceDatabase,
  connections: readonly Connection[],
): Promise<void> {
  if (server.flavour !== 'mysql') return;
  const compressing = connections.filter((_, number) => number % 2 === 1);
  for (const connection of compressing) {
    await connection.query('SET SESSION binlog_transaction_compression = ON');
  }
}
