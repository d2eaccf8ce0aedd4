import { setImmediate } from 'node:timers/promises';
import { BinlogError, type BinlogDecoder } from '@sluice/binlog';
import { PipelineError } from '@sluice/runtime';
import type { BinlogReader } from '../source/binlog-reader.ts';
import { setGlobal } from '../source/set-global.ts';
import type { StreamPosition } from '../model/position.ts';
import type { ChangeStream } from './change-stream.ts';
import type { Flusher } from '../encode/flusher.ts';
import type { PublishBuffer } from '../encode/publish-buffer.ts';

/** Past this many times the flush limits a transaction that is still open is split over Kafka transactions. */
const SPLIT_FACTOR = 4;
/** How much input may pass before the buffer's size is added up again (bytes). */
const MEASURE_BYTES = 64 * 1024;
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
  /** Sees to what was learned of tables since it last did. */
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

interface Waiting {
  readonly done: () => void;
  readonly failed: (error: unknown) => void;
}

interface BoundaryAction extends Waiting {
  readonly mark: StreamPosition | null;
  readonly run: () => void;
}

/** The main loop: pull events, decode them into the buffer, publish at transaction boundaries. */
export class CaptureLoop {
  readonly #parts: LoopParts;
  #buffer: PublishBuffer;
  #spare: PublishBuffer;
  #actions: BoundaryAction[] = [];
  /** Those that wait for the next checkpoint to be published. */
  #awaitCheckpoint: Waiting[] = [];
  #inputBytes = 0;
  #turnBytes = 0;
  #overBytes = false;
  /** The last batch of events ended inside a transaction while nothing was in flight: publish at its end. */
  #due = false;
  #lastHeartbeat = 0;
  /** When the oldest row in the buffer was taken from the queue, by `performance.now`. */
  #takenAt = 0;
  #measuredTransactions = 0;
  #failure: Error | null = null;
  #ended: Error | null = null;

  constructor(parts: LoopParts) {
    this.#parts = parts;
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
      this.#failActions(new PipelineError('SOURCE_CLOSED_STREAM', 'The stream has ended.'));
    } catch (error) {
      this.#failActions(asError(error));
      throw error;
    } finally {
      signal.removeEventListener('abort', wake);
    }
  }

  /** Those that wait, and all to come: nobody is left waiting for a stream that has ended. */
  #failActions(why: Error): void {
    this.#ended = why;
    for (const waiting of [...this.#actions, ...this.#awaitCheckpoint]) waiting.failed(why);
    this.#actions = [];
    this.#awaitCheckpoint = [];
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
    return new Promise((resolve, reject) => {
      if (this.#ended !== null) return reject(this.#ended);
      this.#actions.push({ mark, run, done: resolve, failed: reject });
      this.#parts.reader.wake();
    });
  }

  /** Like `atBoundary` without a mark; resolves when a checkpoint that was written after `run` is published. */
  async durably(run: () => void): Promise<void> {
    const published = Promise.withResolvers<void>();
    await this.atBoundary(null, () => {
      run();
      this.#awaitCheckpoint.push({ done: published.resolve, failed: published.reject });
    });
    await published.promise;
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
      if (unpacked !== undefined) await unpacked.catch(throwTranslated);
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
      throw translate(error);
    }
  }

  /** What the last event asks for before the next may be decoded. */
  #seeTo(): Promise<void> | undefined {
    const { stream, limits } = this.#parts;
    if (stream.mustSettleTables) return this.#parts.settleTables();
    if (stream.transaction.open) {
      const split = this.#buffer.rows >= limits.flushRows * SPLIT_FACTOR || this.#overBytes;
      if (!split) return this.#giveTurn();
      stream.noteSplit();
      return this.#flushNow();
    }
    if (this.#buffer.rows >= limits.flushRows || this.#due || this.#overBytes) return this.#flushNow();
    return this.#giveTurn();
  }

  #giveTurn(): Promise<void> | undefined {
    if (this.#turnBytes < TURN_BYTES) return undefined;
    this.#turnBytes = 0;
    return setImmediate();
  }

  #measure(bytes: number): void {
    this.#inputBytes += bytes;
    this.#turnBytes += bytes;
    if (this.#inputBytes < MEASURE_BYTES) return;
    this.#inputBytes = 0;
    const limit = this.#parts.limits.flushBytes * (this.#parts.stream.transaction.open ? SPLIT_FACTOR : 1);
    this.#overBytes = this.#buffer.bytes >= limit;
  }

  async #afterBatch(): Promise<void> {
    const { stream, flusher, limits } = this.#parts;
    if (stream.transaction.open) {
      this.#due = !flusher.busy && !this.#buffer.isEmpty;
      return;
    }
    if (!stream.place.isSkipping) await this.#runActions();
    if (stream.now - this.#lastHeartbeat >= limits.heartbeatMs) {
      this.#lastHeartbeat = stream.now;
      this.#parts.writeHeartbeat(this.#buffer);
    }
    const isWanted = !this.#buffer.isEmpty || this.#awaitCheckpoint.length > 0;
    if (isWanted && !flusher.busy) this.#flush();
  }

  async #runActions(): Promise<void> {
    const { stream, limits } = this.#parts;
    for (const action of this.#actions) {
      if (action.mark !== null && !stream.place.hasPassed(action.mark)) continue;
      this.#actions = this.#actions.filter((other) => other !== action);
      perform(action);
      if (stream.mustSettleTables) await this.#parts.settleTables();
      if (this.#buffer.rows >= limits.flushRows || this.#buffer.bytes >= limits.flushBytes)
        await this.#flushNow();
    }
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
    this.#overBytes = false;
    this.#parts.writeCheckpoint(full);
    if (full.rows > 0) this.#measureStages();
    this.#parts.flusher.begin(full, (error) => {
      this.#failure = asError(error);
      this.#parts.reader.wake();
    });
    const told = this.#awaitCheckpoint;
    this.#awaitCheckpoint = [];
    if (told.length > 0) void this.#tell(told);
  }

  /** A snapshot's rows alone have no commit. */
  #measureStages(): void {
    const { now, transaction, transactions } = this.#parts.stream;
    if (transactions === this.#measuredTransactions) return;
    this.#measuredTransactions = transactions;
    const decodeMs = performance.now() - this.#takenAt;
    this.#parts.measure({ receiveMs: now - transaction.committedAtMs, decodeMs });
  }

  async #tell(waiting: readonly Waiting[]): Promise<void> {
    try {
      await this.#parts.flusher.settle();
      for (const { done } of waiting) done();
    } catch (error) {
      for (const { failed } of waiting) failed(error);
    }
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

function perform(action: BoundaryAction): void {
  try {
    action.run();
    action.done();
  } catch (error) {
    action.failed(error);
  }
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(`a ${typeof error} was thrown`);
}

function throwTranslated(error: unknown): never {
  throw translate(error);
}

function translate(error: unknown): Error {
  if (!(error instanceof BinlogError)) return asError(error);
  if (error.code === 'ROW_IMAGE_PARTIAL') {
    const message = `${error.message}. Run on the source: ${setGlobal("binlog_row_image = 'FULL'")}`;
    return new PipelineError('BINLOG_ROW_IMAGE_NOT_FULL', message, { cause: error });
  }
  if (error.code === 'EVENT_MISSING')
    return new PipelineError('BINLOG_EVENT_MISSING', `The source left events out: ${error.message}.`, {
      cause: error,
    });
  return new PipelineError('BINLOG_UNREADABLE', `${error.code}: ${error.message}`, { cause: error });
}
