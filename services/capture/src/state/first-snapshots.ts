import { tableId, type TableName } from '@sluice/envelope';
import { initialId } from './kept-snapshots.ts';
import { hasEnded, type SnapshotJob } from './snapshot-job.ts';
import type { SnapshotJobs } from './snapshot-jobs.ts';

/** Which tables have all their rows in their topics, and which owe their first snapshot. Tables are named `database.table`. */
export class FirstSnapshots {
  readonly #jobs: SnapshotJobs;
  readonly #whole: Set<string>;

  constructor(jobs: SnapshotJobs, whole: Iterable<string>) {
    this.#jobs = jobs;
    this.#whole = new Set(whole);
  }

  /** Tables all rows of which are in the topic. */
  get whole(): ReadonlySet<string> {
    return this.#whole;
  }

  /** Whether a first snapshot of the table is done, needless, or noted as owed. */
  knows(table: string): boolean {
    return this.#whole.has(table) || this.#jobs.get(initialId(table)) !== null;
  }

  /** Whether rows of the table's first snapshot are in the topic, or need not be. */
  hasBegun(table: string): boolean {
    return this.#whole.has(table) || (this.#jobs.get(initialId(table))?.since ?? null) !== null;
  }

  /** Whether none is waiting or running: it was done, has failed, was cancelled, or there is no such job. */
  hasEnded(table: string): boolean {
    const first = this.#jobs.get(initialId(table));
    return first === null || hasEnded(first.state);
  }

  /** Nothing of the table has to be read. */
  noteComplete(table: string): void {
    this.#whole.add(table);
  }

  /** A job was moved. A first snapshot that was cancelled is not owed any more: somebody has said so. */
  noteMoved({ origin, database, table, state }: SnapshotJob): void {
    if (origin === 'initial' && (state === 'done' || state === 'cancelled'))
      this.#whole.add(tableId(database, table));
  }

  /** The table's rows must be read again: those of its name that were read are others'. */
  forget(table: string): void {
    this.#whole.delete(table);
    this.#jobs.remove(initialId(table));
  }

  /** Tables that are not captured any more: they begin again when they come back. */
  keepOnly(captured: ReadonlySet<string>): void {
    for (const table of this.#whole) if (!captured.has(table)) this.#whole.delete(table);
    for (const { id, origin, database, table } of this.#jobs.all) {
      if (origin === 'initial' && !captured.has(tableId(database, table))) this.#jobs.remove(id);
    }
  }

  /**
   * A first snapshot for every table that has none.
   * @param at milliseconds since 1970
   */
  owe(tables: readonly TableName[], reconcile: (table: TableName) => boolean, at: number): void {
    for (const named of tables) {
      const { database, table } = named;
      const id = tableId(database, table);
      if (this.knows(id)) continue;
      const order = { database, table, condition: null, requestedAt: at, reconcile: reconcile(named) };
      this.#jobs.add({ ...order, id: initialId(id), origin: 'initial' });
    }
  }

  /** Rows of the table may be gone that the stream has told: its first snapshot, if that has not begun, is to drop them. */
  reconcile({ database, table }: TableName): void {
    const first = this.#jobs.get(initialId(tableId(database, table)));
    if (first?.since === null && !hasEnded(first.state)) this.#jobs.update(first.id, { reconcile: true });
  }
}
