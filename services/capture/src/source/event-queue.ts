import type { PipelineError } from '@sluice/runtime';

/** What the queue needs of the socket that fills it. */
export interface FlowControl {
  pause(): void;
  resume(): void;
}

/** What an event takes besides its bytes (its object, its place in the queue): most of what a small one takes. */
export const EVENT_OVERHEAD_BYTES = 200;

/**
 * The byte-bounded queue between the binlog socket (which pushes) and the capture loop (which pulls).
 * Past `limitBytes` the socket is paused; it may overshoot by what one socket read still holds.
 */
export class EventQueue {
  #events: Buffer[] = [];
  #bytes = 0;
  #paused = false;
  #failure: PipelineError | null = null;
  #wake: (() => void) | null = null;
  /** `wake` was called while nobody waited: the next `take` must not wait. */
  #isWoken = false;
  readonly #limitBytes: number;
  readonly #flow: FlowControl;

  /** @param limitBytes bytes of memory that events may take before the socket is paused */
  constructor(limitBytes: number, flow: FlowControl) {
    this.#limitBytes = limitBytes;
    this.#flow = flow;
  }

  get items(): number {
    return this.#events.length;
  }

  /** Memory that the queued events take. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Adds one event; its memory must not be reused by the caller. */
  push(event: Buffer): void {
    this.#events.push(event);
    this.#bytes += event.length + EVENT_OVERHEAD_BYTES;
    if (this.#bytes > this.#limitBytes && !this.#paused) {
      this.#paused = true;
      this.#flow.pause();
    }
    this.#endWait();
  }

  /** Every later `take` throws; events already queued are dropped with it, the next reader reads them again. */
  fail(error: PipelineError): void {
    this.#failure ??= error;
    this.#endWait();
  }

  /** Ends the waiting `take` early, or the next one. */
  wake(): void {
    this.#isWoken = true;
    this.#endWait();
  }

  #endWait(): void {
    const wake = this.#wake;
    this.#wake = null;
    wake?.();
  }

  /** Resolves when there is an event to take; throws what ended the link. */
  async filled(): Promise<void> {
    while (this.#events.length === 0 && this.#failure === null)
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    if (this.#failure !== null) throw this.#failure;
  }

  /**
   * All queued events, in order. Waits up to `timeoutMs` while there are none; an empty array means that the time
   * is up or that somebody called `wake`.
   */
  async take(timeoutMs: number): Promise<readonly Buffer[]> {
    const isIdle = this.#events.length === 0 && this.#failure === null && !this.#isWoken;
    if (isIdle) await this.#wait(timeoutMs);
    this.#isWoken = false;
    if (this.#failure !== null) throw this.#failure;
    const events = this.#events;
    this.#events = [];
    this.#bytes = 0;
    if (this.#paused) {
      this.#paused = false;
      this.#flow.resume();
    }
    return events;
  }

  async #wait(timeoutMs: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(() => {
        this.#endWait();
      }, timeoutMs);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
