import { setTimeout as delay } from 'node:timers/promises';
import type { Connection } from '@sluice/mysql';
import type { SeededRandom } from '@sluice/seeded-random';
import type { SourceDatabase } from '../pipelines/source-database.ts';

/** `version` only ever grows, over deletes too: of two images of a row it is known which is the older. */
export const COUNTER_TABLE = 'CREATE TABLE counter (id INT NOT NULL PRIMARY KEY, version INT NOT NULL)';

const DELETE_SHARE = 0.15;
const ROWS_TOUCHED = 3;

interface OwnedRow {
  readonly id: number;
  version: number;
  isThere: boolean;
}

/** Fills `counter` with the ids 1 to `rows`, each at version 1. */
export async function fillCounters(database: SourceDatabase, rows: number): Promise<void> {
  const tuples = Array.from({ length: rows }, (_, index) => `(${index + 1}, 1)`);
  await database.run(`INSERT INTO counter (id, version) VALUES ${tuples.join(', ')}`);
}

/** Writers that change all the rows of `counter` again and again, each its own rows, so that none waits for another. */
export class CounterWriters {
  transactions = 0;
  #stopped = false;
  readonly #runs: Promise<void>[];

  static async start(
    database: SourceDatabase,
    random: SeededRandom,
    options: { readonly writers: number; readonly rows: number; readonly pauseMs: number },
  ): Promise<CounterWriters> {
    const numbers = Array.from({ length: options.writers }, (_, number) => number);
    const connections = await Promise.all(numbers.map(() => database.connect()));
    const ids = Array.from({ length: options.rows }, (_, index) => index + 1);
    const shares = numbers.map((number) => ids.filter((id) => id % options.writers === number));
    return new CounterWriters(connections, shares, random, options.pauseMs);
  }

  private constructor(
    connections: readonly Connection[],
    shares: readonly (readonly number[])[],
    random: SeededRandom,
    pauseMs: number,
  ) {
    this.#runs = connections.map(async (connection, number) => {
      const rows = (shares[number] ?? []).map((id): OwnedRow => ({ id, version: 1, isThere: true }));
      await connection.query('SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED');
      while (!this.#stopped) {
        await this.#transaction(connection, rows, random);
        await delay(pauseMs);
      }
    });
    // Whoever stops the writers is told; nobody may be waiting yet.
    for (const run of this.#runs) run.catch(() => undefined);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await Promise.all(this.#runs);
  }

  async #transaction(connection: Connection, rows: readonly OwnedRow[], random: SeededRandom): Promise<void> {
    const touched = new Set(
      Array.from({ length: ROWS_TOUCHED }, () => rows[random.integer(0, rows.length - 1)]),
    );
    await connection.query('BEGIN');
    for (const row of touched) if (row !== undefined) await connection.query(changeOf(row, random));
    await connection.query('COMMIT');
    this.transactions++;
  }
}

function changeOf(row: OwnedRow, random: SeededRandom): string {
  if (row.isThere && random.chance(DELETE_SHARE)) {
    row.isThere = false;
    return `DELETE FROM counter WHERE id = ${row.id}`;
  }
  row.version++;
  if (row.isThere) return `UPDATE counter SET version = ${row.version} WHERE id = ${row.id}`;
  row.isThere = true;
  return `INSERT INTO counter (id, version) VALUES (${row.id}, ${row.version})`;
}
