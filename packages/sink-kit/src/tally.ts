import { tableId, type Operation } from '@sluice/envelope';
import type { Delivery } from './sink.ts';

export type RecordResult = 'applied' | 'stale' | 'superseded' | 'dlq';

export interface RecordCount {
  readonly table: string;
  /** As in Debezium: c(reate), u(pdate), d(elete), r(ead by a snapshot), t(runcate); `-` for what is no row. */
  readonly op: string;
  readonly result: RecordResult;
  readonly count: number;
}

const OPS: Readonly<Record<Operation, string>> = {
  INSERT: 'c',
  UPDATE: 'u',
  DELETE: 'd',
  SNAPSHOT: 'r',
  TRUNCATE: 't',
};

/** Gathers what became of the records of one step, so that metrics are touched once per step. */
export class BatchTally {
  readonly #counts = new Map<string, { table: string; op: string; result: RecordResult; count: number }>();
  readonly #latenciesMs: number[] = [];
  #records = 0;
  #lastCommitMs = Number.NaN;

  /** Records counted so far. */
  get records(): number {
    return this.#records;
  }

  /** Commit at the source to now, in milliseconds: one per source commit, not per row. Snapshot rows have none. */
  get latenciesMs(): readonly number[] {
    return this.#latenciesMs;
  }

  counts(): Iterable<RecordCount> {
    return this.#counts.values();
  }

  add({ envelope: { payload } }: Delivery, result: RecordResult, nowMs: number): void {
    const operation = 'operation' in payload ? payload.operation : null;
    const { database, table, timestamp } = payload.source;
    this.#count(tableId(database, table), operation === null ? '-' : OPS[operation], result);
    const reached = result === 'applied' || result === 'stale';
    if (!reached || operation === null || operation === 'SNAPSHOT' || timestamp === this.#lastCommitMs)
      return;
    this.#lastCommitMs = timestamp;
    this.#latenciesMs.push(Math.max(0, nowMs - timestamp));
  }

  /** A record of which not even the table is known. */
  addUnreadable(topic: string): void {
    this.#count(topic, '-', 'dlq');
  }

  #count(table: string, op: string, result: RecordResult): void {
    this.#records += 1;
    const name = `${table} ${op} ${result}`;
    const known = this.#counts.get(name);
    if (known === undefined) this.#counts.set(name, { table, op, result, count: 1 });
    else known.count += 1;
  }
}
