import { errorEntry, PipelineError, preflightFailed } from '@sluice/runtime';
import { toKnownError } from './known-error.ts';

/** A sink's store as messages name it. */
export interface StorePlace {
  /** Such as `a Redis server`. */
  readonly what: string;
  /** Without user and password. */
  readonly address: string;
  /** The settings that say where it is. */
  readonly addressSetting: string;
  /** The settings that say who logs in. */
  readonly loginSetting: string;
}

/** As capture waits for its source (`source.connectTimeoutMs`): longer than a refused connection or a wrong name takes. */
const PATIENCE_MS = 10_000;

/**
 * Opens a store for the first time. One that does not answer is an outage when the consumer group has read something: its
 * settings were right once. Else nobody knows that they ever were, and after ten seconds PREFLIGHT_FAILED names them; a
 * login that is refused is named at once. Any other error is thrown as it is.
 */
export class FirstContact {
  readonly #place: StorePlace | undefined;
  readonly #hasProgress: () => Promise<boolean>;
  #since: number | null = null;

  constructor(place: StorePlace | undefined, hasProgress: () => Promise<boolean>) {
    this.#place = place;
    this.#hasProgress = hasProgress;
  }

  async open(open: () => Promise<void>): Promise<void> {
    this.#since ??= performance.now();
    try {
      await open();
    } catch (error) {
      throw await this.#judge(toKnownError(error));
    }
  }

  async #judge(error: PipelineError): Promise<PipelineError> {
    const place = this.#place;
    if (place === undefined || error.code === 'PREFLIGHT_FAILED') return error;
    if (errorEntry(error.code).means === 'login') return loginRefused(place, error);
    if (error.errorClass !== 'retryable') return error;
    const isLate = performance.now() - (this.#since ?? 0) >= PATIENCE_MS;
    if (isLate && !(await this.#hasProgress())) return noAnswer(place, error);
    const { code, message, context } = error;
    return new PipelineError(code, `${place.address}: ${message}`, { cause: error.cause, context });
  }
}

function noAnswer({ what, address, addressSetting }: StorePlace, error: PipelineError): PipelineError {
  const problem = {
    setting: addressSetting,
    found: `no answer from ${address} (${error.message})`,
    required: `${what} that answers`,
    fix: `start the server, or correct ${addressSetting}`,
  };
  return preflightFailed([problem], error.cause);
}

function loginRefused({ address, loginSetting }: StorePlace, error: PipelineError): PipelineError {
  const problem = {
    setting: loginSetting,
    found: `a login that ${address} refuses (${error.message})`,
    required: 'an account that may log in from this host',
    fix: `correct ${loginSetting}, or unlock the account`,
  };
  return preflightFailed([problem], error.cause);
}
