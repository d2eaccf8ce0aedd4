import type { CaptureSession } from './capture-session.ts';
import { ProgressWatch } from './progress-watch.ts';

/** How far behind the source capture is, and for how long nothing has moved; looked at once a second. */
export class StreamWatch {
  /** While this is all that is missing, a quiet stream is not behind: its loop has not come round yet (seconds). */
  readonly #roundSeconds: number;
  #progress = new ProgressWatch(performance.now());
  #standsForMs = 0;
  /** Up to when everything is known to be published, or about to be: milliseconds since 1970, 0 before the first time. */
  #inTouchAt = 0;

  /** @param heartbeatMs `source.heartbeatIntervalMs` */
  constructor(heartbeatMs: number) {
    this.#roundSeconds = (heartbeatMs * 2) / 1000;
  }

  /** A session begins: what stood still was the one before. */
  restart(): void {
    this.#progress = new ProgressWatch(performance.now());
    this.#standsForMs = 0;
  }

  look({ stream, signsOfLife, publishingSince }: CaptureSession): void {
    this.#standsForMs = this.#progress.standsFor(signsOfLife, performance.now());
    if (stream.now === 0) return;
    const { committedAtMs } = stream.transaction;
    const readUpTo = stream.atTip || committedAtMs === 0 ? stream.now : committedAtMs;
    // What was read while a broker does not answer has not arrived anywhere.
    this.#inTouchAt = Math.min(readUpTo, publishingSince ?? readUpTo);
  }

  /** Milliseconds that nothing of the session has moved for, at the last look. */
  get standsForMs(): number {
    return this.#standsForMs;
  }

  /** How old the newest change is that is known to have arrived; null before the first. @param session null between two */
  behindSeconds(session: CaptureSession | null): number | null {
    if (this.#inTouchAt === 0) return null;
    const seconds = Math.max(0, Date.now() - this.#inTouchAt) / 1000;
    const stream = session?.stream;
    const isAtTip = stream !== undefined && (stream.atTip || stream.transaction.committedAtMs === 0);
    return isAtTip && seconds < this.#roundSeconds ? 0 : seconds;
  }
}
