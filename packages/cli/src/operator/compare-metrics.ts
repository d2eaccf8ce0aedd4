import { tableIdOf, type TableName } from '@sluice/envelope';
import { COMPARE_METRICS } from '@sluice/ops-api';
import { declareCounter, declareGauge, type Counter, type Gauge, type Registry } from '@sluice/runtime';
import type { RoundTable, TableFindings } from './compare-round.ts';

type Labels = 'sink' | 'database' | 'table';
type Pair = Readonly<Record<Labels, string>>;
type Counts = TableFindings['sinks'][string];

/** What is logged, at a change only. */
export interface CompareNews {
  readonly level: 'warn' | 'info';
  readonly event: 'compare.different' | 'compare.equal' | 'compare.remarks';
  readonly text: string;
}

/** What `sluice compare --continuous` tells Prometheus. */
export class CompareMetrics {
  readonly #rows: Counter<Labels>;
  readonly #lastRows: Gauge<Labels>;
  readonly #different: Gauge<Labels>;
  readonly #succeededAt: Gauge<Labels>;
  readonly #isSampled: boolean;
  readonly #pairs = new Map<string, Pair>();
  /** What was told last, by what it is about. */
  readonly #last = new Map<string, string>();

  /** @param isSampled whether each comparison looks at other rows */
  constructor(registry: Registry, isSampled: boolean) {
    this.#rows = declareCounter(registry, COMPARE_METRICS.rows);
    this.#lastRows = declareGauge(registry, COMPARE_METRICS.lastRows);
    this.#different = declareGauge(registry, COMPARE_METRICS.different);
    this.#succeededAt = declareGauge(registry, COMPARE_METRICS.lastSuccess);
    this.#isSampled = isSampled;
  }

  /** A round begins. Tables and sinks that are not in it any more leave nothing behind; no alert may fire for them. */
  begins(tables: readonly RoundTable[]): void {
    const known = new Set(tables.map(tableIdOf));
    for (const { database, table, sinks } of tables)
      for (const sink of sinks) {
        const pair = { sink, database, table };
        known.add(keyOf(pair));
        this.#pairs.set(keyOf(pair), pair);
        this.#succeededAt.inc(pair, 0);
      }
    for (const [key, pair] of this.#pairs) if (!known.has(key)) this.#forget(key, pair);
    for (const about of this.#last.keys()) if (!known.has(about)) this.#last.delete(about);
  }

  #forget(key: string, pair: Pair): void {
    this.#pairs.delete(key);
    for (const series of [this.#rows, this.#lastRows, this.#different, this.#succeededAt])
      series.remove(pair);
  }

  /** A table was compared: what was found goes into the series, and what has changed since the last time comes back. */
  compared({ database, table }: TableName, { compared, sinks, remarks }: TableFindings): CompareNews[] {
    if (!compared) this.#unknown({ database, table });
    return [
      ...this.#remarks(tableIdOf({ database, table }), compared, remarks),
      ...Object.entries(sinks).flatMap(([sink, counts]) => this.#counts({ sink, database, table }, counts)),
    ];
  }

  /** The table cannot be compared any more: what was found of it last says nothing. That it succeeds no more tells of it. */
  #unknown({ database, table }: TableName): void {
    for (const [key, pair] of this.#pairs) {
      if (pair.database !== database || pair.table !== table) continue;
      for (const series of [this.#lastRows, this.#different]) series.remove(pair);
      this.#last.delete(key);
    }
  }

  #counts(pair: Pair, counts: Counts): CompareNews[] {
    this.#rows.inc(pair, counts.compared);
    if (counts.notSettled === 0) this.#succeededAt.set(pair, Date.now() / 1000);
    const differs = counts.different + counts.missing + counts.extra;
    // A row that is not settled may be one of those that differed.
    if (counts.notSettled > 0 && differs < Number(this.#last.get(keyOf(pair)) ?? 0)) return [];
    this.#lastRows.set(pair, counts.compared);
    this.#different.set(pair, differs);
    return this.#differs(pair, differs);
  }

  #differs(pair: Pair, rows: number): CompareNews[] {
    if (!this.#isNews(keyOf(pair), String(rows), '0')) return [];
    const { sink, database, table } = pair;
    const where = `${database}.${table} in sink ${sink}`;
    if (rows === 0) {
      const sampled = `${where}: no row of this sample differs; those that did may still`;
      return [
        {
          level: 'info',
          event: 'compare.equal',
          text: this.#isSampled ? sampled : `${where} is equal again`,
        },
      ];
    }
    const text = `${where} differs in ${rows} rows: sluice compare ${database}.${table} --sink ${sink} names them`;
    return [{ level: 'warn', event: 'compare.different', text }];
  }

  /** What of a table is not compared. */
  #remarks(table: string, isCompared: boolean, remarks: readonly string[]): CompareNews[] {
    const text = remarks.join('; ');
    if (!this.#isNews(table, text, '')) return [];
    if (isCompared) return [{ level: 'info', event: 'compare.remarks', text: `${table}: ${text}` }];
    return [{ level: 'warn', event: 'compare.remarks', text: `${table} is not compared: ${text}` }];
  }

  #isNews(about: string, now: string, atFirst: string): boolean {
    const before = this.#last.get(about) ?? atFirst;
    this.#last.set(about, now);
    return now !== before;
  }
}

const keyOf = ({ sink, database, table }: Pair): string => JSON.stringify([sink, database, table]);
