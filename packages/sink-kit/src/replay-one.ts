import { PipelineError } from '@sluice/runtime';
import { BreakerOpenError, type Breaker } from './breaker.ts';
import { toKnownError } from './known-error.ts';
import type { Delivery, Outcome, Sink } from './sink.ts';

/** One record for an operator, past the partition's worker: its guard is the store's. */
export async function replayOne(
  { sink, breaker, signal }: { readonly sink: Sink; readonly breaker: Breaker; readonly signal: AbortSignal },
  delivery: Delivery,
): Promise<Outcome> {
  try {
    const [outcome] = await breaker.run(() => sink.write([delivery], signal, 'replay'));
    if (outcome === undefined) throw new RangeError('the sink gave fewer outcomes than deliveries');
    return outcome;
  } catch (error) {
    if (error instanceof BreakerOpenError)
      throw new PipelineError(
        'BREAKER_OPEN',
        'circuit breaker open: the store is not called until the next probe',
        { cause: error },
      );
    throw toKnownError(error);
  }
}
