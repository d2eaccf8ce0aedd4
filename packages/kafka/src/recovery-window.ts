import { setImmediate as nextTurn } from 'node:timers/promises';
import { abortableDelay, fullJitter, PipelineError, type Logger } from '@sluice/runtime';

const BACKOFF = { initialMs: 50, maxMs: 1000 };
/** Quick tries of a millisecond before it slows down: a coordinator that ends a transaction needs one or two. */
const QUICK_TRIES = 50;
const SLOW_TRY_MS = 20;
/** One or two failures are an idle connection that was closed, or a leader not yet known: not worth a line. */
const SAID_FROM_FAILURE = 3;
/** A broker that has not answered for so long (ms) is in trouble: under load an answer takes hundreds of milliseconds. */
const SILENT_MS = 5000;
/** A topic that has just been made is unknown to some brokers for a moment; one that is missing for longer (ms) is gone. */
const MISSING_MS = 3000;

/** What keeps an operation from getting on. */
export interface KafkaOutage {
  readonly error: PipelineError;
  /** Milliseconds since a broker has last done what it was asked for. */
  readonly forMs: number;
}

/** How long one operation may go on trying, and how it waits between tries. */
export class RecoveryWindow {
  readonly signal: AbortSignal;
  readonly #startedAt = performance.now();
  readonly #endsAt: number;
  readonly #log: Logger | undefined;
  #failures = 0;
  #quickTries = 0;
  #missingSince: number | null = null;
  #asked = 'talk to Kafka';
  #answeredAt = performance.now();
  #error: PipelineError | null = null;

  /** `boundMs`: milliseconds from now after which the last error is thrown instead of another try. */
  constructor(boundMs: number, signal: AbortSignal, log?: Logger) {
    this.signal = signal;
    this.#endsAt = this.#startedAt + boundMs;
    this.#log = log;
  }

  /** A request is on its way; `doing` names it for the operator. */
  asking(doing: string): void {
    this.#asked = doing;
  }

  /** A broker has done what it was asked for. */
  answered(): void {
    this.#answeredAt = performance.now();
    this.#error = null;
    this.#missingSince = null;
  }

  /** The error of the tries so far once it is worth a line, or that nobody answers; null while the operation gets on. */
  get trouble(): KafkaOutage | null {
    const forMs = performance.now() - this.#answeredAt;
    if (this.#error !== null && (this.#failures >= SAID_FROM_FAILURE || forMs >= SILENT_MS))
      return { error: this.#error, forMs };
    if (forMs < SILENT_MS) return null;
    const silence = `${this.#asked}: Kafka has not answered for ${Math.round(forMs / 1000)} s`;
    return { error: new PipelineError('KAFKA_UNREACHABLE', silence), forMs };
  }

  /** To be called when the operation has succeeded: says so if it was said that it does not. */
  done(): void {
    if (this.#failures < SAID_FROM_FAILURE) return;
    const durationMs = Math.round(performance.now() - this.#startedAt);
    this.#log?.info({ event: 'kafka.recovered', attempt: this.#failures, durationMs }, 'Kafka answers again');
  }

  /** Waits before another try after `error`, or throws it when the time is over, or the signal's reason when aborted. */
  async again(error: PipelineError): Promise<void> {
    this.#check(error);
    this.#checkMissing(error);
    const failures = this.#failures++;
    if (this.#failures === SAID_FROM_FAILURE) {
      this.#log?.warn(
        { event: 'kafka.unavailable', attempt: this.#failures, err: error },
        'Kafka does not answer as it should; trying on',
      );
    }
    // The first failure is most often an idle connection that the broker had closed: try again at once.
    if (failures > 0) await abortableDelay(fullJitter(failures, BACKOFF), this.signal);
  }

  /** The same for "just a moment" answers (CONCURRENT_TRANSACTIONS): 0 to 1 ms. */
  async soon(error: PipelineError): Promise<void> {
    this.#check(error);
    const tries = this.#quickTries++;
    if (tries === 0) await nextTurn();
    else await abortableDelay(tries < QUICK_TRIES ? 1 : SLOW_TRY_MS, this.signal);
  }

  /** Waiting does not bring a topic back: whoever made it has to make it again, the sooner the better. */
  #checkMissing(error: PipelineError): void {
    if (error.code !== 'KAFKA_TOPIC_MISSING') {
      this.#missingSince = null;
      return;
    }
    this.#missingSince ??= performance.now();
    if (performance.now() - this.#missingSince >= MISSING_MS) throw error;
  }

  #check(error: PipelineError): void {
    this.#error = error;
    this.signal.throwIfAborted();
    if (performance.now() >= this.#endsAt) throw error;
  }
}
