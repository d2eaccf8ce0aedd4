import { tableId, type TableName } from '@sluice/envelope';
import type { FirstSnapshots } from './first-snapshots.ts';
import { initialId } from './kept-snapshots.ts';
import type { SnapshotJob } from './snapshot-job.ts';
import type { SnapshotJobs } from './snapshot-jobs.ts';

export interface ReadAgainOptions {
  /** Whether first snapshots are taken. */
  readonly takesFirst: boolean;
  /** Milliseconds since 1970. */
  readonly at: number;
  /** Whether a further job waits until its table has had a rest, as such wishes may never end. */
  readonly isPatient: boolean;
}

/** Jobs by which tables are read again, however often the stream asks for it. */
export class RepeatedSnapshots {
  readonly #jobs: SnapshotJobs;
  readonly #first: FirstSnapshots;
  /** By `database.table` the newest job by which it is read again: the stream may ask for it with every transaction. */
  readonly #newest = new Map<string, string>();

  constructor(jobs: SnapshotJobs, first: FirstSnapshots) {
    this.#jobs = jobs;
    this.#first = first;
  }

  /** See `SnapshotJobStore.readAgain`. @returns those that get a further job, as `database.table` */
  ask(tables: readonly TableName[], options: ReadAgainOptions): readonly string[] {
    if (tables.every((named) => this.#isAskedFor(named, options.isPatient))) return [];
    const waiting = new Map(
      this.#jobs.all.filter(isWholeAndUnbegun).map((job) => [tableId(job.database, job.table), job]),
    );
    return tables.flatMap((named) => {
      const id = tableId(named.database, named.table);
      const job = waiting.get(id);
      if (job !== undefined && this.#isServedBy(job, id, options.isPatient)) return [];
      this.#newest.set(id, this.#add(named, options).id);
      return [id];
    });
  }

  #isAskedFor({ database, table }: TableName, isPatient: boolean): boolean {
    const job = this.#jobs.get(this.#newest.get(tableId(database, table)) ?? '');
    if (job?.reconcile !== true || !isWholeAndUnbegun(job)) return false;
    return isPatient || !this.#jobs.isPatient(job.id);
  }

  /** Whether a job that waits reads the table again, and drops what is gone. */
  #isServedBy(job: SnapshotJob, table: string, isPatient: boolean): boolean {
    this.#newest.set(table, job.id);
    if (!isPatient) this.#jobs.hurry(job.id);
    if (job.reconcile) return true;
    if (job.origin !== 'initial') return false;
    this.#jobs.update(job.id, { reconcile: true });
    return true;
  }

  #add({ database, table }: TableName, { takesFirst, at, isPatient }: ReadAgainOptions): SnapshotJob {
    const id = tableId(database, table);
    const order = { database, table, condition: null, reconcile: true, requestedAt: at };
    if (!takesFirst || !this.#first.hasEnded(id)) return this.#jobs.request(order, isPatient);
    this.#first.forget(id);
    return this.#jobs.add({ ...order, id: initialId(id), origin: 'initial' }, isPatient);
  }
}

/** Whether the job will read all rows, every one of them later than now. */
function isWholeAndUnbegun({ state, since, condition }: SnapshotJob): boolean {
  return state === 'pending' && since === null && condition === null;
}
