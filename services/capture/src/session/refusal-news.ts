import type { Logger } from '@sluice/runtime';
import type { CaptureMetrics } from './metrics.ts';
import type { RefusedTable } from '../preflight/refused-tables.ts';

/** Tells of refused tables once in all sessions of the process, and again when what is wrong with one is another thing. */
export class RefusalNews {
  readonly #metrics: Pick<CaptureMetrics, 'refused'>;
  readonly #log: Logger;
  /** What was told, by the table's id. */
  readonly #told = new Map<string, string>();

  constructor(metrics: Pick<CaptureMetrics, 'refused'>, log: Logger) {
    this.#metrics = metrics;
    this.#log = log;
  }

  /** All that a session begins with: what is not among them any more is news when it comes back. */
  begin(refused: readonly RefusedTable[]): void {
    const ids = new Set(refused.map(({ id }) => id));
    for (const id of this.#told.keys()) if (!ids.has(id)) this.#told.delete(id);
    for (const table of refused) this.say(table);
  }

  /** It is news when it comes back. */
  over(id: string): void {
    this.#told.delete(id);
  }

  say({ id, code, why }: RefusedTable): void {
    const news = `${code}: ${why}`;
    if (this.#told.get(id) === news) return;
    this.#told.set(id, news);
    this.#metrics.refused(code);
    this.#log.warn(
      { event: 'capture.table_refused', code, table: id },
      `${code === 'PATTERN_WITHOUT_TABLE' ? 'pattern' : 'table'} ${id} is not captured, and none of its rows are published: ${why}`,
    );
  }
}
