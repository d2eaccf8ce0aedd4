import { PipelineError } from '@sluice/runtime';
import { BreakerOpenError, type Breaker } from './breaker.ts';
import { isRow } from './decode.ts';
import { toKnownError } from './known-error.ts';
import type { PublishedBound } from './published-bound.ts';
import type { Delivery, Outcome, Sink } from './sink.ts';

export interface ReplayParts {
  readonly sink: Sink;
  readonly breaker: Breaker;
  readonly signal: AbortSignal;
  readonly published: Pick<PublishedBound, 'refusal'>;
}

/** One record for an operator, past the partition's worker: its guards are the store's, and how far capture has published. */
export async function replayOne(
  { sink, breaker, signal, published }: ReplayParts,
  delivery: Delivery,
): Promise<Outcome> {
  try {
    const { sequence } = delivery.envelope.payload;
    const refused = await published.refusal({ sequence, isOrder: !isRow(delivery) });
    if (refused !== null) return { kind: 'failed', error: refused };
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
