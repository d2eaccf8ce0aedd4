import { abortableDelay, fullJitter, type BackoffOptions, type PipelineError } from '@sluice/runtime';
import { toKnownError } from './known-error.ts';

export interface RetryUntilReadyOptions {
  readonly signal: AbortSignal;
  readonly backoff: BackoffOptions;
  /** Is told of every failure that is followed by another try; `attempt` counts from 0. */
  readonly onFailure: (error: PipelineError, attempt: number) => void;
}

/** Until it works or cannot: a store or broker that is down is waited for. Throws what is not retryable, and when it is stopped. */
export async function retryUntilReady<T>(
  action: () => Promise<T>,
  options: RetryUntilReadyOptions,
): Promise<T> {
  const { signal, backoff, onFailure } = options;
  for (let attempt = 0; ; attempt += 1) {
    try {
      return await action();
    } catch (error) {
      const known = toKnownError(error);
      if (signal.aborted || known.errorClass !== 'retryable') throw known;
      onFailure(known, attempt);
      await abortableDelay(fullJitter(attempt, backoff), signal);
    }
  }
}
