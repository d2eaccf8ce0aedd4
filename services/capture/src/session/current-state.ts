import type { Logger } from '@sluice/runtime';
import type { CaptureSession } from './capture-session.ts';
import { next, sessionOf, startingState, type CaptureEvent, type CaptureState } from './capture-state.ts';
import type { CaptureMetrics } from './metrics.ts';

/** Where capture is. Every change goes through `enter`: log, metric and pages say the same word. */
export class CurrentState {
  readonly #metrics: CaptureMetrics;
  readonly #log: Logger;
  #state: CaptureState<CaptureSession>;
  #sinceMs = performance.now();

  constructor(acceptLostCheckpoint: boolean, metrics: CaptureMetrics, log: Logger) {
    this.#state = startingState(acceptLostCheckpoint);
    this.#metrics = metrics;
    this.#log = log;
    metrics.state(this.#state.name);
  }

  get now(): CaptureState<CaptureSession> {
    return this.#state;
  }

  get name(): CaptureState<CaptureSession>['name'] {
    return this.#state.name;
  }

  /** Null while nothing is read from the source. */
  get session(): CaptureSession | null {
    return sessionOf(this.#state);
  }

  /** Milliseconds since the last change. */
  get forMs(): number {
    return performance.now() - this.#sinceMs;
  }

  /** Throws RangeError for an event that cannot come now. */
  enter(event: CaptureEvent<CaptureSession>): void {
    const before = this.#state.name;
    this.#state = next(this.#state, event);
    const { name } = this.#state;
    if (name === before) return;
    this.#sinceMs = performance.now();
    this.#metrics.state(name);
    this.#log.info({ event: 'capture.state', state: name, previous: before }, `capture: ${name}`);
  }
}
