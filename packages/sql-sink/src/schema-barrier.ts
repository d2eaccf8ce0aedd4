import type { Sequence } from '@sluice/envelope';
import { PipelineError } from '@sluice/runtime';
import { nameInState, type Origin } from './batch.ts';
import type { ColumnUpdate, StateTable } from './dialect.ts';
import type { SqlDriver, SqlStore } from './driver.ts';
import { toSequence } from './sequences.ts';

/** Seconds to wait for another worker that alters the same table. */
const LOCK_SECONDS = 10;

/** How far the partitions of a topic have come with a change of its table. */
export interface SeenSchema {
  /** That this partition has shown a later change before: it is being read again. */
  readonly isPast: boolean;
  /** That every partition has shown this change, and none a later one. */
  readonly isEverywhere: boolean;
  /** That another partition is beyond this change: where it has to be waited for, that one has lost its record, and will never show it. */
  readonly isOvertaken: boolean;
}

export interface SeenColumns {
  /** What this partition had shown last; '' where that was nothing. */
  readonly last: Sequence;
  /** That some partition has noted this very record before. */
  readonly isNoted: boolean;
}

/**
 * Which schema record of a table each partition has shown last: a change that takes something away waits for all of them, and
 * none follows what is older.
 */
export class SchemaBarrier<C> {
  readonly #store: SqlStore<C>;
  readonly #table: string;
  readonly #partition: string;
  readonly #keys: readonly string[];
  readonly #seen: string;

  constructor(store: SqlStore<C>) {
    const { dialect, stateDatabase } = store;
    const table = (name: StateTable): string => dialect.table(stateDatabase, name);
    this.#store = store;
    this.#table = table('sluice_table_shapes');
    this.#partition = dialect.identifier('partition');
    this.#keys = ['topic', 'table_name', this.#partition];
    // Earlier versions kept one for all tables of a topic.
    this.#seen =
      `SELECT ${this.#partition}, sequence FROM ${this.#table} WHERE topic = ? AND table_name = ?` +
      ` UNION ALL SELECT ${this.#partition}, sequence FROM ${table('sluice_shapes')} WHERE topic = ?`;
  }

  /** @param partitions of the topic, when the record was written */
  async note(connection: C, origin: Origin, sequence: Sequence, partitions: number): Promise<SeenSchema> {
    await this.#insert(connection, origin, sequence, { sequence: 'greater' });
    const seen = await this.#read(connection, origin);
    // A topic that was made again with fewer partitions has left what the others had shown; that is never later.
    const isGone = (partition: number, last: Sequence): boolean => partition >= partitions && last < sequence;
    const counted = [...seen].filter(([partition, last]) => !isGone(partition, last));
    return {
      isPast: (seen.get(origin.partition) ?? '') > sequence,
      isEverywhere: counted.length >= partitions && counted.every(([, last]) => last === sequence),
      isOvertaken: counted.some(([, last]) => last > sequence),
    };
  }

  /**
   * For a record that tells the columns without a change of them: nobody has to wait for it. It is noted where nothing was before:
   * the table has come with it.
   */
  async noteColumns(connection: C, origin: Origin, sequence: Sequence): Promise<SeenColumns> {
    const seen = await this.#read(connection, origin);
    const last = seen.get(origin.partition);
    if (last === undefined) await this.#insert(connection, origin, sequence, {});
    return { last: last ?? '', isNoted: [...seen.values()].includes(sequence) };
  }

  async #insert(
    connection: C,
    origin: Origin,
    sequence: Sequence,
    updates: Readonly<Record<string, ColumnUpdate>>,
  ): Promise<void> {
    const { driver, dialect } = this.#store;
    const columns = [...this.#keys, 'sequence'].join(', ');
    const sql = `INSERT INTO ${this.#table} (${columns}) VALUES (?, ?, ?, ?)${dialect.onConflict(this.#table, this.#keys, updates)}`;
    await driver.change(connection, sql, [origin.topic, nameInState(origin), origin.partition, sequence]);
  }

  async #read(connection: C, origin: Origin): Promise<ReadonlyMap<number, Sequence>> {
    const { topic } = origin;
    const rows = await this.#store.driver.rows(connection, this.#seen, [topic, nameInState(origin), topic]);
    const seen = new Map<number, Sequence>();
    for (const [partition, sequence] of rows) {
      const last = toSequence(sequence);
      if ((seen.get(Number(partition)) ?? '') < last) seen.set(Number(partition), last);
    }
    return seen;
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
