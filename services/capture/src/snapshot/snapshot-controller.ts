import { tableId, tableIdOf } from '@sluice/envelope';
import { readTables, type TableDescription } from '@sluice/mysql';
import type { JobOrder, Snapshot, SnapshotOrder, SqlSnapshotOrder } from '@sluice/ops-api';
import { PipelineError, type Logger } from '@sluice/runtime';
import type { Connection } from 'mysql2/promise';
import { queryRows } from '../source/query.ts';
import { progressOf } from '../state/job-progress.ts';
import type { SnapshotJobStore } from '../state/snapshot-job-store.ts';
import type { SnapshotJob } from '../state/snapshot-job.ts';
import { createTableFilter, type TableFilter } from '../model/table-filter.ts';
import { asSql, checkCondition, outlineOf, requireCondition, whereOf } from './condition.ts';
import type { SnapshotTable } from './snapshot-table.ts';

/** Jobs that wait or run at most: each is written into every checkpoint. */
const OPEN_JOBS_MAX = 2000;

export interface SnapshotControllerParts {
  readonly jobStore: SnapshotJobStore;
  /** Runs a change of the job store between two transactions; resolves when a checkpoint tells of it. */
  readonly durably: (change: () => void) => Promise<void>;
  /** A connection to the source, for the questions of one order. */
  readonly connect: () => Promise<Connection>;
  /** A captured table as a snapshot reads it. */
  readonly describe: (table: TableDescription) => SnapshotTable;
  /** `snapshot.allowSql` */
  readonly allowsSql: boolean;
  readonly filter: TableFilter;
  /** Whether a table can be captured as it is. */
  readonly isFit: (table: TableDescription) => boolean;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly log: Logger;
}

/** What operators do with snapshots. An order that was answered survives kill -9. */
export class SnapshotController {
  readonly #parts: SnapshotControllerParts;

  constructor(parts: SnapshotControllerParts) {
    this.#parts = parts;
  }

  /** Oldest first; ended ones are kept for a while. */
  list(): readonly Snapshot[] {
    return this.#parts.jobStore.shownJobs.map(viewOf);
  }

  /** One job for each captured table that is meant. Throws SNAPSHOT_REFUSED, then none was made. */
  async start(order: SnapshotOrder): Promise<readonly Snapshot[]> {
    const { condition, reconcile } = order;
    if (condition !== null && reconcile)
      throw refused('--reconcile needs a snapshot of all rows: it cannot be combined with a condition');
    if (condition !== null) requireCondition(condition);
    return this.#request(order, condition, reconcile);
  }

  /** As `start`, of the rows that a piece of SQL chooses. */
  async startSql(order: SqlSnapshotOrder): Promise<readonly Snapshot[]> {
    return this.#request(order, asSql(order.sql), false);
  }

  async #request(
    { tables: patterns, by }: Pick<SnapshotOrder, 'tables' | 'by'>,
    condition: string | null,
    reconcile: boolean,
  ): Promise<readonly Snapshot[]> {
    const { jobStore, durably, now, log } = this.#parts;
    const tables = await this.#tablesOf(patterns, condition);
    const ids: string[] = [];
    await durably(() => {
      for (const { database, table } of tables) {
        ids.push(jobStore.request({ database, table, condition, reconcile, requestedAt: now() }).id);
      }
    });
    const of = { tables: tables.map(tableIdOf), condition: outlineOf(condition) };
    log.info({ event: 'snapshot.requested', by, jobs: ids, ...of, reconcile }, 'snapshots were asked for');
    return this.#views(ids);
  }

  /** Throws SNAPSHOT_REFUSED when the job's state has no place for it; null when there is no such job. */
  async move(id: string, event: JobOrder, by: string): Promise<Snapshot | null> {
    const { jobStore, durably, now, log } = this.#parts;
    const before = jobStore.get(id);
    if (before === null) return null;
    let isMoved = false;
    await durably(() => (isMoved = jobStore.move(id, event, now()) !== null));
    if (!isMoved)
      throw refused(`Job ${id} is ${jobStore.get(id)?.state ?? before.state}: there is nothing to ${event}`);
    log.info({ event: `snapshot.${event}`, by, job: id }, `snapshot job ${id}: ${event}`);
    return this.#views([id])[0] ?? null;
  }

  /** As `move`. @param rowsPerSecond at most; null: as fast as it goes */
  async throttle(id: string, rowsPerSecond: number | null, by: string): Promise<Snapshot | null> {
    const { jobStore, durably, log } = this.#parts;
    if (jobStore.get(id) === null) return null;
    let isThrottled = false;
    await durably(() => (isThrottled = jobStore.throttle(id, rowsPerSecond) !== null));
    if (!isThrottled) throw refused(`Job ${id} has ended: there is nothing to throttle`);
    log.info({ event: 'snapshot.throttle', by, job: id, rowsPerSecond }, `snapshot job ${id}: throttle`);
    return this.#views([id])[0] ?? null;
  }

  #views(ids: readonly string[]): readonly Snapshot[] {
    return ids.flatMap((id) => this.#parts.jobStore.get(id) ?? []).map(viewOf);
  }

  async #tablesOf(
    patterns: readonly string[],
    condition: string | null,
  ): Promise<readonly TableDescription[]> {
    const { connect, describe, allowsSql } = this.#parts;
    const connection = await connect();
    try {
      const found = await this.#captured(connection, patterns);
      if (condition !== null)
        for (const table of found) {
          const where = whereOf(describe(table), condition, allowsSql);
          if (where !== null) await checkCondition(connection, table, where);
        }
      return found;
    } finally {
      connection.destroy();
    }
  }

  async #captured(connection: Connection, patterns: readonly string[]): Promise<readonly TableDescription[]> {
    const { filter, isFit, jobStore } = this.#parts;
    const rows = await queryRows(connection, 'SHOW DATABASES');
    const all = await readTables(
      connection,
      rows.map((row) => String(row['Database'])),
    );
    const captured = all.filter((table) => filter.captures(table.database, table.table) && isFit(table));
    const found = new Set<TableDescription>();
    for (const pattern of patterns) {
      const wanted = createTableFilter([pattern], []);
      const some = captured.filter(({ database, table }) => wanted.captures(database, table));
      if (some.length === 0) throw refused(`No captured table is called ${pattern}`);
      for (const table of some) found.add(table);
    }
    const open = jobStore.jobs.filter(({ endedAt }) => endedAt === null).length;
    if (open + found.size > OPEN_JOBS_MAX) throw refused(`More than ${OPEN_JOBS_MAX} jobs would be open`);
    return [...found];
  }
}

function viewOf(job: SnapshotJob): Snapshot {
  const {
    lastKey: _lastKey,
    order: _order,
    since: _since,
    activeMs: _activeMs,
    maxRowsPerSecond = null,
    database,
    table,
    ...rest
  } = job;
  return { ...rest, table: tableId(database, table), maxRowsPerSecond, ...progressOf(job) };
}

function refused(message: string): PipelineError {
  return new PipelineError('SNAPSHOT_REFUSED', `${message}.`);
}
