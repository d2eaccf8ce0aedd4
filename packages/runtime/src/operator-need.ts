import { abortableDelay } from './delay.ts';
import { errorCodes, errorEntry, PipelineError, type ErrorCode } from './errors.ts';
import { EXIT, exitCodeOf } from './exit.ts';
import type { Logger } from './log.ts';
import { declareGauge, type Gauge, type Registry } from './metrics.ts';
import { SERVICE_METRICS } from './service-metrics.ts';

/** An error that a person has to end, as `/status` shows it. Times are ISO 8601. */
export interface Need {
  readonly code: ErrorCode;
  readonly message: string;
  readonly fix: string;
  readonly since: string;
  /** When the service looks whether it is over; null: at the next start of the process. */
  readonly nextCheckAt: string | null;
}

export interface OperatorNeedOptions {
  /** `onFatal` of sluice.yaml. */
  readonly onFatal: 'stay' | 'exit';
  readonly registry: Registry;
  readonly log: Logger;
  /** Aborts when the process is told to stop. */
  readonly signal: AbortSignal;
  /** Milliseconds since 1970. */
  readonly now?: () => number;
}

/** Milliseconds until the first look whether it is over, doubled for each further one. */
const FIRST_CHECK_MS = 5000;
const LAST_CHECK_MS = 60_000;

/** They come before there is a page that could tell them. */
const WITHOUT_PAGES: ReadonlySet<ErrorCode> = new Set(['CONFIG_INVALID', 'OPS_PORT_TAKEN']);

/**
 * What a service does about an error that comes back at every restart until a person acts: it ends no process, so that `/status`,
 * `/health` and `/metrics` go on telling it. The service does no work meanwhile, and begins again after a bounded wait.
 */
export class OperatorNeed {
  readonly #options: OperatorNeedOptions;
  readonly #gauge: Gauge<'code'>;
  readonly #now: () => number;
  #current: Need | null = null;
  #checks = 0;
  #waitMs: number | null = null;

  constructor(options: OperatorNeedOptions) {
    this.#options = options;
    this.#now = options.now ?? Date.now;
    const codes = errorCodes('fatal').map((code) => ({ code }));
    this.#gauge = declareGauge(options.registry, SERVICE_METRICS.needsOperator, codes);
  }

  get current(): Need | null {
    return this.#current;
  }

  /** Whether the process stays up with this error. */
  takes(error: unknown): error is PipelineError {
    if (this.#options.onFatal === 'exit' || !(error instanceof PipelineError)) return false;
    return exitCodeOf(error) !== EXIT.unexpected && !WITHOUT_PAGES.has(error.code);
  }

  /**
   * The service has stopped its work because of this error. Told once, however often it comes back.
   * @param isChecked whether the service itself can see that it is over; else it waits until the process is restarted
   */
  note(error: PipelineError, isChecked: boolean): void {
    const { code, message } = error;
    const before = this.#current?.code === code ? this.#current : null;
    this.#checks = before === null ? 0 : this.#checks + 1;
    this.#waitMs = isChecked ? Math.min(LAST_CHECK_MS, FIRST_CHECK_MS * 2 ** this.#checks) : null;
    const since = before?.since ?? new Date(this.#now()).toISOString();
    const nextCheckAt = this.#waitMs === null ? null : new Date(this.#now() + this.#waitMs).toISOString();
    if (before === null) this.#tell(error);
    this.#current = { code, message, fix: errorEntry(code).fix, since, nextCheckAt };
  }

  #tell(error: PipelineError): void {
    if (this.#current !== null) this.#gauge.set({ code: this.#current.code }, 0);
    this.#gauge.set({ code: error.code }, 1);
    const { code, message } = error;
    const then = this.#waitMs === null ? 'at the next start of the process' : 'and looks again by itself';
    const told = `${code}: ${message} The service does no work until a person has acted, ${then}.`;
    this.#options.log.fatal({ event: 'service.needs_operator', code, err: error }, told);
  }

  /**
   * Resolves when it is time to begin again. Rejects with the signal's reason when the process is told to stop.
   * @param earlier a person has acted: rejects with its reason as well
   */
  async wait(earlier?: AbortSignal): Promise<void> {
    const stop = this.#options.signal;
    const signal = earlier === undefined ? stop : AbortSignal.any([stop, earlier]);
    if (this.#waitMs !== null) return abortableDelay(this.#waitMs, signal);
    for (;;) await abortableDelay(LAST_CHECK_MS, signal);
  }

  /** The service works again. No effect when nothing was wrong. */
  over(): void {
    if (this.#current === null) return;
    const { code, since } = this.#current;
    this.#gauge.set({ code }, 0);
    this.#current = null;
    this.#options.log.info({ event: 'service.works_again', code, since }, `${code} is over`);
  }
}
