import type { RunningFindings } from '@sluice/compare';
import type { TableName } from '@sluice/envelope';
import { COMPARE_METRICS } from '@sluice/ops-api';
import { declareCounter, declareGauge, type Counter, type Gauge, type Registry } from '@sluice/runtime';

type Labels = 'sink' | 'database' | 'table';

/** What is logged, at a change only. */
export interface CompareNews {
  readonly level: 'warn' | 'info';
  readonly event: 'compare.different' | 'compare.equal' | 'compare.remarks';
  readonly text: string;
}

/** What `sluice compare --continuous` tells Prometheus. */
export class CompareMetrics {
  readonly #rows: Counter<Labels>;
  readonly #different: Gauge<Labels>;
  readonly #succeededAt: Gauge<Labels>;
  /** What was told last, by what it is about. */
  readonly #last = new Map<string, string>();

  constructor(registry: Registry) {
    this.#rows = declareCounter(registry, COMPARE_METRICS.rows);
    this.#different = declareGauge(registry, COMPARE_METRICS.different);
    this.#succeededAt = declareGauge(registry, COMPARE_METRICS.lastSuccess);
  }

  /** A table was compared: what was found goes into the series, and what has changed since the last time comes back. */
  note({ database, table }: TableName, { tables }: RunningFindings): CompareNews[] {
    return tables.flatMap(({ compared, sinks, remarks }) => [
      ...this.#remarks(`${database}.${table}`, compared, remarks),
      ...Object.entries(sinks).flatMap(([sink, counts]) => {
        const labels = { sink, database, table };
        const differs = counts.different + counts.missing + counts.extra;
        this.#rows.inc(labels, counts.compared);
        this.#different.set(labels, differs);
        if (counts.notSettled === 0) this.#succeededAt.set(labels, Date.now() / 1000);
        else this.#succeededAt.inc(labels, 0);
        return this.#differs(labels, differs);
      }),
    ]);
  }

  #differs({ sink, database, table }: Readonly<Record<Labels, string>>, rows: number): CompareNews[] {
    if (!this.#isNews(JSON.stringify([sink, database, table]), String(rows), '0')) return [];
    const where = `${database}.${table} in sink ${sink}`;
    if (rows === 0) return [{ level: 'info', event: 'compare.equal', text: `${where} is equal again` }];
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
