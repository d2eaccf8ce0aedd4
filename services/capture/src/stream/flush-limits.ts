import type { PublishBuffer } from '../encode/publish-buffer.ts';

/** Past this many times the limits a transaction that is still open is split over Kafka transactions. */
const SPLIT_FACTOR = 4;
/** How much input may pass before the buffer's size is added up again (bytes). */
const MEASURE_BYTES = 64 * 1024;

type FilledBuffer = Pick<PublishBuffer, 'rows' | 'bytes'>;

/** When a buffer is full, by its rows and its bytes. On the hot path. */
export class FlushLimits {
  readonly #rows: number;
  readonly #bytes: number;
  #inputBytes = 0;
  #isOverBytes = false;

  constructor({ flushRows, flushBytes }: { readonly flushRows: number; readonly flushBytes: number }) {
    this.#rows = flushRows;
    this.#bytes = flushBytes;
  }

  /** So many bytes of events were decoded into the buffer. @param isOpen whether a transaction is open */
  note(bytes: number, buffer: FilledBuffer, isOpen: boolean): void {
    this.#inputBytes += bytes;
    if (this.#inputBytes < MEASURE_BYTES) return;
    this.#inputBytes = 0;
    this.#isOverBytes = buffer.bytes >= this.#bytes * (isOpen ? SPLIT_FACTOR : 1);
  }

  /** Whether the buffer is to be published, by what was noted. @param isOpen whether a transaction is open */
  isFull(buffer: Pick<FilledBuffer, 'rows'>, isOpen: boolean): boolean {
    return buffer.rows >= this.#rows * (isOpen ? SPLIT_FACTOR : 1) || this.#isOverBytes;
  }

  /** The same between two transactions, by what the buffer has at this moment. */
  isFullNow({ rows, bytes }: FilledBuffer): boolean {
    return rows >= this.#rows || bytes >= this.#bytes;
  }

  /** Another buffer is filled from now on. */
  flushed(): void {
    this.#isOverBytes = false;
  }
}
