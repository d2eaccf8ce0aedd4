/** Bytes of rows that a chunk should hold: both the server's answer and its records stand in memory at once. */
const TARGET_BYTES = 4 * 1024 * 1024;
/** Few: nothing is known yet, and a row may have many megabytes. */
const FIRST_ROWS = 10;
const GROWTH = 8;

/** How many rows to ask for, so that a chunk holds what memory allows whatever the width of the rows. */
export class ChunkSize {
  readonly #maxRows: number;
  rows: number;

  /** @param maxRows `snapshot.chunkRows` */
  constructor(maxRows: number) {
    this.#maxRows = maxRows;
    this.rows = Math.min(maxRows, FIRST_ROWS);
  }

  /** Learns from a chunk: rows that came and their bytes. */
  learn(rows: number, bytes: number): void {
    if (rows === 0) return;
    const fitting = Math.floor(TARGET_BYTES / Math.max(1, bytes / rows));
    this.rows = Math.max(1, Math.min(fitting, this.#maxRows, rows * GROWTH));
  }
}
