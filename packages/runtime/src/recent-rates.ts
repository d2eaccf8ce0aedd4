/** What Prometheus takes for `cdc_ingest_rate` and `cdc_apply_rate`, and for `cdc_error_rate`. */
const RATE_SECONDS = 60;
const ERROR_SECONDS = 300;

/** What a service did lately, for `/status`: fed once per batch, bounded by its windows. Pure but for the clock. */
export class RecentRates {
  readonly #now: () => number;
  readonly #sinceMs: number;
  readonly #done = new SecondSlots(RATE_SECONDS);
  readonly #handled = new SecondSlots(ERROR_SECONDS);
  readonly #errors = new SecondSlots(ERROR_SECONDS);

  /** @param now milliseconds of a monotonic clock */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
    this.#sinceMs = now();
  }

  /** @param handled all that a batch held; @param done those of them that have got to where they belong */
  add(handled: number, done: number): void {
    const second = this.#second();
    this.#handled.add(second, handled);
    this.#done.add(second, done);
  }

  error(): void {
    this.#errors.add(this.#second(), 1);
  }

  /** Done per second, of the last minute; of a younger process since it began. */
  get perSecond(): number {
    const nowMs = this.#now();
    const sum = this.#done.sum(this.#second());
    // The slot of this second is not over yet.
    const windowMs = (RATE_SECONDS - 1) * 1000 + (nowMs % 1000);
    return sum / (Math.max(1000, Math.min(windowMs, nowMs - this.#sinceMs)) / 1000);
  }

  /** Errors as a share of errors and handled records, of the last five minutes, from 0 to 1; 0 when there was nothing. */
  get errorRate(): number {
    const second = this.#second();
    const errors = this.#errors.sum(second);
    return errors === 0 ? 0 : errors / (errors + this.#handled.sum(second));
  }

  #second(): number {
    return Math.floor(this.#now() / 1000);
  }
}

/** Counts of the last seconds, a slot each, that are written over in turn. */
class SecondSlots {
  readonly #counts: Float64Array;
  readonly #seconds: Float64Array;

  constructor(length: number) {
    this.#counts = new Float64Array(length);
    this.#seconds = new Float64Array(length).fill(Number.NEGATIVE_INFINITY);
  }

  add(second: number, count: number): void {
    const slot = second % this.#counts.length;
    if (this.#seconds[slot] !== second) this.#counts[slot] = 0;
    this.#seconds[slot] = second;
    this.#counts[slot] = (this.#counts[slot] ?? 0) + count;
  }

  sum(second: number): number {
    const oldest = second - this.#counts.length;
    return this.#counts.reduce(
      (sum, count, slot) => ((this.#seconds[slot] ?? oldest) > oldest ? sum + count : sum),
      0,
    );
  }
}
