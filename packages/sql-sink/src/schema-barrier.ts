import type { Sequence } from '@sluice/envelope';
import { PipelineError } from '@sluice/runtime';
import type { SqlDriver, SqlStore } from './driver.ts';
import { toSequence } from './sequences.ts';

/** Seconds to wait for another worker that alters the same table. */
const LOCK_SECONDS = 10;

interface Place {
  readonly topic: string;
  readonly partition: number;
}

/** How far the partitions of a topic have come with a change of its table. */
export interface SeenSchema {
  /** That this partition has shown a later change before: it is being read again. */
  readonly isPast: boolean;
  /** That every partition has shown this change, and none a later one. */
  readonly isEverywhere: boolean;
}

/** Which schema record each partition has shown last: a change that takes something away waits for all of them. */
export class SchemaBarrier<C> {
  readonly #store: SqlStore<C>;
  readonly #table: string;
  readonly #partition: string;
  readonly #insert: string;

  constructor(store: SqlStore<C>) {
    const { dialect, stateDatabase } = store;
    this.#store = store;
    this.#table = dialect.table(stateDatabase, 'sluice_shapes');
    this.#partition = dialect.identifier('partition');
    this.#insert =
      `INSERT INTO ${this.#table} (topic, ${this.#partition}, sequence) VALUES (?, ?, ?)` +
      dialect.onConflict(this.#table, ['topic', this.#partition], { sequence: 'greater' });
  }

  async note(connection: C, place: Place, sequence: Sequence, partitions: number): Promise<SeenSchema> {
    const { topic, partition } = place;
    await this.#store.driver.change(connection, this.#insert, [topic, partition, sequence]);
    const seen = await this.#read(connection, topic);
    return {
      isPast: (seen.get(partition) ?? '') > sequence,
      isEverywhere: seen.size >= partitions && [...seen.values()].every((last) => last === sequence),
    };
  }

  /** For a record that tells the columns without a change of them: nobody has to wait for it. */
  async isPast(connection: C, { topic, partition }: Place, sequence: Sequence): Promise<boolean> {
    return ((await this.#read(connection, topic)).get(partition) ?? '') > sequence;
  }

  async #read(connection: C, topic: string): Promise<ReadonlyMap<number, Sequence>> {
    const sql = `SELECT ${this.#partition}, sequence FROM ${this.#table} WHERE topic = ?`;
    const rows = await this.#store.driver.rows(connection, sql, [topic]);
    return new Map(rows.map((row) => [Number(row[0]), toSequence(row[1])]));
  }
}

/** Runs `work` while no other worker changes the table; the lock is the connection's. Throws TARGET_LOCKED when one does too long. */
export async function whileLocked<C, T>(
  driver: SqlDriver<C>,
  connection: C,
  table: string,
  work: () => Promise<T>,
): Promise<T> {
  const name = `sluice:${table}`;
  if (!(await driver.lock(connection, name, LOCK_SECONDS)))
    throw new PipelineError('TARGET_LOCKED', `${table} is being altered by another worker`);
  try {
    return await work();
  } finally {
    await driver.unlock(connection, name);
  }
}
