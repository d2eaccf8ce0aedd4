import type { Origin } from './batch.ts';
import type { SqlStore } from './driver.ts';
import { keyDigest } from './sequences.ts';

/** Partitions that have shown the end of a snapshot: rows that it did not read go when all of them have. */
export class SnapshotBarrier<C> {
  readonly #store: SqlStore<C>;
  readonly #table: string;

  constructor(store: SqlStore<C>) {
    this.#store = store;
    this.#table = store.dialect.table(store.stateDatabase, 'sluice_snapshot_ends');
  }

  /** Notes that a partition has shown the end of a snapshot; resolves to how many have. Safe to repeat. */
  async note(connection: C, { topic, partition, table }: Origin, job: string): Promise<number> {
    const { driver, dialect } = this.#store;
    const column = dialect.identifier('partition');
    const digest = dialect.bytes(keyDigest(`${table} ${job}`));
    const onConflict = dialect.onConflict(this.#table, ['topic', 'job_digest', column], { seen_at: 'now' });
    await driver.change(
      connection,
      `INSERT INTO ${this.#table} (topic, job_digest, ${column}) VALUES (?, ${digest}, ?)${onConflict}`,
      [topic, partition],
    );
    const counted = `SELECT COUNT(*) FROM ${this.#table} WHERE topic = ? AND job_digest = ${digest}`;
    const [row] = await driver.rows(connection, counted, [topic]);
    return Number(row?.[0]);
  }
}
