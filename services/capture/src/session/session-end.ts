import type { CaptureStateName } from '@sluice/ops-api';
import {
  abortableDelay,
  fullJitter,
  PipelineError,
  type Logger,
  type OperatorNeed,
  type Troubles,
} from '@sluice/runtime';
import type { CaptureSession } from './capture-session.ts';
import type { Ending } from './capture-state.ts';
import type { CurrentState } from './current-state.ts';
import { canBeFixedOutside } from './fixable.ts';
import type { CaptureMetrics } from './metrics.ts';

const BACKOFF = { initialMs: 100, maxMs: 30_000 };

/** What has ended a start or a session, and where capture was then. */
export interface Ended {
  readonly error: PipelineError;
  readonly isFatal: boolean;
  readonly state: CaptureStateName;
}

export interface SessionEndParts {
  readonly state: CurrentState;
  readonly troubles: Troubles;
  readonly need: OperatorNeed;
  readonly metrics: CaptureMetrics;
  readonly log: Logger;
}

/** What follows when a start or a session ends by an error: a backoff, a wait for a person, or the end of the process. */
export class SessionEnd {
  readonly #parts: SessionEndParts;

  constructor(parts: SessionEndParts) {
    this.#parts = parts;
  }

  /** Notes the error; throws it when the process ends by it. */
  note(error: unknown, ending: Ending): Ended {
    const { state, troubles, metrics, need } = this.#parts;
    const { name } = state;
    if (error instanceof PipelineError) {
      troubles.note(subjectOf(error), error);
      metrics.disconnected(error.errorClass, error.code);
      if (error.errorClass === 'retryable' && !this.#neverReachedKafka(error)) {
        state.enter({ kind: 'interrupt', ...ending });
        return { error, isFatal: false, state: name };
      }
    }
    state.enter({ kind: 'fail', ...ending });
    const last =
      error instanceof PipelineError && this.#neverReachedKafka(error)
        ? new PipelineError('PREFLIGHT_FAILED', error.message, { cause: error })
        : error;
    if (!need.takes(last)) throw last;
    return { error: last, isFatal: true, state: name };
  }

  /**
   * Until the next start is worth while, or `ordered` says that it is: an operator wants another server to be read. Whoever has taken over meanwhile is not fenced for it: the next start stands by.
   */
  async wait({ error, isFatal, state }: Ended, signal: AbortSignal, ordered: AbortSignal): Promise<void> {
    if (!isFatal) return this.#backOff(error, AbortSignal.any([signal, ordered]));
    const { need } = this.#parts;
    need.note(error, canBeFixedOutside(error.code, state));
    await need.wait(ordered).catch(() => undefined);
  }

  async #backOff(error: PipelineError, signal: AbortSignal): Promise<void> {
    const { state, log } = this.#parts;
    const waitMs = fullJitter(state.now.failures - 1, BACKOFF, Math.random);
    const { code, message } = error;
    log.warn({ event: 'capture.interrupted', code, err: error, waitMs }, message);
    await abortableDelay(waitMs, signal).catch(() => undefined);
  }

  /** Perhaps there never was a broker there: whoever started the process is told to look at the setting. */
  #neverReachedKafka(error: PipelineError): boolean {
    return !this.#parts.state.now.hasStreamed && error.code === 'KAFKA_UNREACHABLE';
  }
}

/** A source ends the older of two readers: to take over from the newer one would only turn the tables, again and again. */
export async function orFenced(
  error: unknown,
  session: CaptureSession | null,
  signal: AbortSignal,
): Promise<unknown> {
  if (!(error instanceof PipelineError) || signal.aborted || isFenced(error)) return error;
  if ((await session?.isFenced()) !== true) return error;
  return new PipelineError('KAFKA_FENCED', 'Another capture has taken over.', { cause: error });
}

export function isFenced(error: unknown): boolean {
  return error instanceof PipelineError && error.code === 'KAFKA_FENCED';
}

/** What has to work again before the error is over. */
function subjectOf({ code }: PipelineError): 'kafka' | 'stream' {
  return code.startsWith('KAFKA_') ? 'kafka' : 'stream';
}
