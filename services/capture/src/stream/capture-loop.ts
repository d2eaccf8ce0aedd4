import { setImmediate } from 'node:timers/promises';
import type { BinlogDecoder } from '@sluice/binlog';
import { PipelineError } from '@sluice/runtime';
import type { Flusher } from '../encode/flusher.ts';
import type { PublishBuffer } from '../encode/publish-buffer.ts';
import type { StreamPosition } from '../model/position.ts';
import type { BinlogReader } from '../source/binlog-reader.ts';
import { BoundaryActions } from './boundary-actions.ts';
import type { ChangeStream } from './change-stream.ts';
import { asError, decodingError } from './decoding-error.ts';
import { FlushLimits } from './flush-limits.ts';

/** How much input may pass before the event loop gets its turn (bytes): the broker's answers must not wait for a whole queue. */
const TURN_BYTES = 128 * 1024;

export interface LoopLimits {
  readonly flushRows: number;
  readonly flushBytes: number;
  readonly heartbeatMs: number;
}

export interface LoopParts {
  readonly reader: BinlogReader;
  readonly decoder: BinlogDecoder;
  readonly stream: ChangeStream;
  readonly flusher: Flusher;
  readonly buffers: readonly [PublishBuffer, PublishBuffer];
  readonly limits: LoopLimits;
  /** Handles what was learned of tables since it last did. */
  settleTables(): Promise<void>;
  /** Appends the checkpoint that covers everything in the buffer. */
  writeCheckpoint(buffer: PublishBuffer): void;
  writeHeartbeat(buffer: PublishBuffer): void;
  /** Rows of new transactions are handed to Kafka. */
  measure(stages: StageTimes): void;
}

/** In milliseconds. */
export interface StageTimes {
  /** From the newest commit until capture began to decode it, by both clocks. */
  readonly receiveMs: number;
  /** From when capture began with the oldest row until now. */
  readonly decodeMs: number;
}

/** The main loop: pull events, decode them into the buffer, publish at transaction boundaries. */
export class CaptureLoop {
  readonly #parts: LoopParts;
  #buffer: PublishBuffer;
  #spare: PublishBuffer;
  readonly #boundary = new BoundaryActions();
  readonly #full: FlushLimits;
  #turnBytes = 0;
  /** The last batch of events ended inside a transaction while nothing was in flight: publish at its end. */
  #due = false;
  #lastHeartbeat = 0;
  /** When the oldest row in the buffer was taken from the queue, by `performance.now`. */
  #takenAt = 0;
  #measuredTransactions = 0;
  #failure: Error | null = null;

  constructor(parts: LoopParts) {
    this.#parts = parts;
    this.#full = new FlushLimits(parts.limits);
    [this.#buffer, this.#spare] = parts.buffers;
  }

  /** Runs until the signal; throws what ended the reading or the publishing. */
  async run(signal: AbortSignal): Promise<void> {
    const { reader, stream, limits } = this.#parts;
    const wake = (): void => reader.wake();
    signal.addEventListener('abort', wake);
    try {
      while (!signal.aborted) {
        const events = await reader.take(limits.heartbeatMs);
        this.#throwFailure();
        stream.now = Date.now();
        if (this.#buffer.rows === 0) this.#takenAt = performance.now();
        for (const event of events) {
          const wait = this.#accept(event);
          if (wait !== undefined) await wait;
        }
        await this.#afterBatch();
      }
      await this.#drain();
      this.#boundary.end(new PipelineError('SOURCE_CLOSED_STREAM', 'The stream has ended.'));
    } catch (error) {
      this.#boundary.end(asError(error));
      throw error;
    } finally {
      signal.removeEventListener('abort', wake);
    }
  }

  /** Publishes a checkpoint alone: a new generation must be durable before its first event. */
  async publishCheckpoint(): Promise<void> {
    this.#parts.stream.now = Date.now();
    await this.#flushNow();
    await this.#parts.flusher.settle();
    this.#throwFailure();
  }

  /** The buffer that the next records go into; only to be used from a boundary action. */
  get buffer(): PublishBuffer {
    return this.#buffer;
  }

  /**
   * Runs `run` between two source transactions, as soon as the stream has passed `mark`, and a transaction that an earlier session
   * has published in part; resolves when it has run, throws what it threw or what ended the stream. How a snapshot's chunks get
   * into the stream.
   */
  atBoundary(mark: StreamPosition | null, run: () => void): Promise<void> {
    const done = this.#boundary.add(mark, run);
    this.#parts.reader.wake();
    return done;
  }

  /** Like `atBoundary` without a mark; resolves when a checkpoint that was written after `run` is published. */
  async durably(run: () => void): Promise<void> {
    let published: Promise<void> | undefined;
    await this.atBoundary(null, () => {
      run();
      published = this.#boundary.checkpoint();
    });
    await published;
  }

  /** Kept free of promises for the common event: only a met table, a full buffer and the event loop's turn wait. */
  #accept(event: Buffer): Promise<void> | undefined {
    const left = this.#decode(event);
    this.#measure(event.length);
    const wait = this.#seeTo();
    return left > 0 ? this.#acceptRest(left, wait) : wait;
  }

  /** A compressed transaction is one event that holds many: they are seen to one by one, as if they had come alone. */
  async #acceptRest(bytes: number, first: Promise<void> | undefined): Promise<void> {
    await first;
    let left = bytes;
    while (left > 0) {
      const before = left;
      const unpacked = this.#parts.decoder.unpack();
      if (unpacked !== undefined) await unpacked.catch(throwDecodingError);
      left = this.#decode(null);
      this.#measure(before - left);
      const wait = this.#seeTo();
      if (wait !== undefined) await wait;
    }
  }

  /** Bytes of a compressed transaction that are left; `null` for its next event. */
  #decode(event: Buffer | null): number {
    const { decoder } = this.#parts;
    try {
      return event === null ? decoder.resume() : decoder.start(event);
    } catch (error) {
      throw decodingError(error);
    }
  }

  /** What the last event asks for before the next may be decoded. */
  #seeTo(): Promise<void> | undefined {
    const { stream } = this.#parts;
    if (stream.mustSettleTables) return this.#parts.settleTables();
    const { open } = stream.transaction;
    const isFull = this.#full.isFull(this.#buffer, open);
    if (open && isFull) stream.noteSplit();
    return isFull || (this.#due && !open) ? this.#flushNow() : this.#giveTurn();
  }

  #giveTurn(): Promise<void> | undefined {
    if (this.#turnBytes < TURN_BYTES) return undefined;
    this.#turnBytes = 0;
    return setImmediate();
  }

  #measure(bytes: number): void {
    this.#turnBytes += bytes;
    this.#full.note(bytes, this.#buffer, this.#parts.stream.transaction.open);
  }

  async #afterBatch(): Promise<void> {
    const { stream, flusher, limits } = this.#parts;
    if (stream.transaction.open) {
      this.#due = !flusher.busy && !this.#buffer.isEmpty;
      return;
    }
    if (!stream.place.isSkipping)
      await this.#boundary.runDue(
        (mark) => stream.place.hasPassed(mark),
        () => this.#afterAction(),
      );
    if (stream.now - this.#lastHeartbeat >= limits.heartbeatMs) {
      this.#lastHeartbeat = stream.now;
      this.#parts.writeHeartbeat(this.#buffer);
    }
    const isWanted = !this.#buffer.isEmpty || this.#boundary.wantCheckpoint;
    if (isWanted && !flusher.busy) this.#flush();
  }

  /** An action may have learned of tables, and written many rows. */
  #afterAction(): Promise<void> | undefined {
    if (this.#parts.stream.mustSettleTables) return this.#settleThenFlush();
    return this.#full.isFullNow(this.#buffer) ? this.#flushNow() : undefined;
  }

  async #settleThenFlush(): Promise<void> {
    await this.#parts.settleTables();
    if (this.#full.isFullNow(this.#buffer)) await this.#flushNow();
  }

  async #flushNow(): Promise<void> {
    await this.#parts.flusher.settle();
    this.#throwFailure();
    this.#flush();
  }

  #flush(): void {
    const full = this.#buffer;
    this.#buffer = this.#spare;
    this.#spare = full;
    this.#parts.stream.buffer = this.#buffer;
    this.#due = false;
    this.#full.flushed();
    this.#parts.writeCheckpoint(full);
    if (full.rows > 0) this.#measureStages();
    this.#parts.flusher.begin(full, (error) => {
      this.#failure = asError(error);
      this.#parts.reader.wake();
    });
    this.#boundary.tellPublished(() => this.#parts.flusher.settle());
  }

  /** A snapshot's rows alone have no commit. */
  #measureStages(): void {
    const { now, transaction, transactions } = this.#parts.stream;
    if (transactions === this.#measuredTransactions) return;
    this.#measuredTransactions = transactions;
    const decodeMs = performance.now() - this.#takenAt;
    this.#parts.measure({ receiveMs: now - transaction.committedAtMs, decodeMs });
  }

  /** A graceful end: what is whole is published with its checkpoint, an open transaction is left to the next start. */
  async #drain(): Promise<void> {
    await this.#parts.flusher.settle();
    if (!this.#parts.stream.transaction.open && !this.#buffer.isEmpty) await this.#flushNow();
    await this.#parts.flusher.settle();
  }

  #throwFailure(): void {
    if (this.#failure !== null) throw this.#failure;
  }
}

function throwDecodingError(error: unknown): never {
  throw decodingError(error);
}
