import type { Logger } from '@sluice/runtime';

const WINDOW_MS = 60_000;

/**
 * Tells of rows that gave way to newer ones because of a unique index: right where the source has that index, for then their
 * own newer change is on its way; where only the target has it, they are lost. One line a minute of each table.
 */
export class DisplacedRows {
  readonly #log: Logger;
  readonly #now: () => number;
  readonly #tables = new Map<string, { rows: number; toldAt: number }>();

  /** @param now milliseconds of any clock */
  constructor(log: Logger, now: () => number = () => performance.now()) {
    this.#log = log;
    this.#now = now;
  }

  /** @param table its quoted name */
  note(table: string, rows: number): void {
    const known = this.#tables.get(table) ?? { rows: 0, toldAt: Number.NEGATIVE_INFINITY };
    this.#tables.set(table, known);
    known.rows += rows;
    if (this.#now() - known.toldAt < WINDOW_MS) return;
    this.#log.warn(
      { event: 'rows.displaced', table, rows: known.rows },
      'rows gave way to newer ones with the same value of a unique index: if the source does not have this index, they are lost; drop it from the target and take a snapshot',
    );
    known.toldAt = this.#now();
  }
}
