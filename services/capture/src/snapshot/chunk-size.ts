/** Bytes of memory that a chunk should take: the server's answer and its records stand there at once. */
const TARGET_BYTES = 8 * 1024 * 1024;
/** How long a chunk should be read: it may be discarded, and a kill -9 costs as much (milliseconds). */
const TARGET_MS = 500;
/** Few: nothing is known yet, and a row may have many megabytes. */
const FIRST_ROWS = 10;
const GROWTH = 8;

/** How many rows to ask for, so that a chunk takes half a second and what memory allows, whatever the width of the rows. */
export class ChunkSize {
  readonly #maxRows: number;
  rows: number;

  /** @param maxRows `snapshot.chunkRows` */
  constructor(maxRows: number) {
    this.#maxRows = maxRows;
    this.rows = Math.min(maxRows, FIRST_ROWS);
  }

  /** Learns from a chunk: rows that came, bytes of memory that they take, and how long it was read. */
  learn(rows: number, bytes: number, milliseconds: number): void {
    if (rows === 0) return;
    const fitting = Math.floor(TARGET_BYTES / Math.max(1, bytes / rows));
    const timely = Math.floor((rows * TARGET_MS) / Math.max(1, milliseconds));
    this.rows = Math.max(1, Math.min(fitting, timely, this.#maxRows, rows * GROWTH));
  }
}
