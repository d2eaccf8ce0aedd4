import { tableId, type Operation } from '@sluice/envelope';
import type { Delivery } from './sink.ts';

export type RecordResult = 'applied' | 'stale' | 'superseded' | 'dlq';

export interface RecordCount {
  readonly database: string;
  readonly table: string;
  /** `none` for what is no row. */
  readonly operation: Operation | 'none';
  readonly result: RecordResult;
  readonly count: number;
  /** Of the newest change that has changed the store, from its commit, in milliseconds; null when none has. */
  readonly latencyMs: number | null;
}

type Count = { -readonly [K in keyof RecordCount]: RecordCount[K] };
type What = Pick<RecordCount, 'database' | 'table' | 'operation' | 'result'>;

/** Where not even the table is known. */
const UNREADABLE: What = { database: 'unknown', table: 'unknown', operation: 'none', result: 'dlq' };

/** Gathers what became of the records of one step, so that metrics are touched once per step. */
export class BatchTally {
  readonly #counts = new Map<string, Count>();
  readonly #latenciesMs: number[] = [];
  #records = 0;
  #lastCommitMs = Number.NaN;

  /** Records counted so far. */
  get records(): number {
    return this.#records;
  }

  /**
   * Commit at the source to now, in milliseconds: one per source commit, not per row. Snapshot rows have none, nor have records that are read once
   * more: the store had them in their time.
   */
  get latenciesMs(): readonly number[] {
    return this.#latenciesMs;
  }

  counts(): Iterable<RecordCount> {
    return this.#counts.values();
  }

  add({ envelope: { payload } }: Delivery, result: RecordResult, nowMs: number): void {
    const operation = 'operation' in payload ? payload.operation : 'none';
    const { database, table, timestamp } = payload.source;
    const count = this.#count({ database, table, operation, result });
    if (result !== 'applied' || operation === 'none' || operation === 'SNAPSHOT') return;
    const latencyMs = Math.max(0, nowMs - timestamp);
    count.latencyMs = latencyMs;
    if (timestamp === this.#lastCommitMs) return;
    this.#lastCommitMs = timestamp;
    this.#latenciesMs.push(latencyMs);
  }

  /** A record of which not even the table is known. */
  addUnreadable(): void {
    this.#count(UNREADABLE);
  }

  #count(what: What): Count {
    this.#records += 1;
    const { database, table, operation, result } = what;
    const name = `${tableId(database, table)} ${operation} ${result}`;
    const count = this.#counts.get(name) ?? { ...what, count: 0, latencyMs: null };
    if (count.count === 0) this.#counts.set(name, count);
    count.count += 1;
    return count;
  }
}
