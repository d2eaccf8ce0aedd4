import { toKnownError } from './known-error.ts';
import type { Delivery, Outcome } from './sink.ts';
import { tellSpans } from './tell-spans.ts';
import type { WorkerContext } from './worker-context.ts';

/**
 * One call of the store through the breaker, measured and traced. Throws BreakerOpenError, what the store has against the
 * whole call as a PipelineError, or the reason of the signal.
 */
export function writeToStore(
  context: WorkerContext,
  deliveries: readonly Delivery[],
  signal: AbortSignal,
): Promise<readonly Outcome[]> {
  const { breaker, sink, metrics } = context;
  return breaker.run(async () => {
    const [started, startedAtMs] = [performance.now(), Date.now()];
    const done = (result: 'ok' | 'error'): void => {
      metrics.written(deliveries.length, (performance.now() - started) / 1000, result);
    };
    try {
      const outcomes = await sink.write(deliveries, signal);
      done('ok');
      tellSpans(context, deliveries, outcomes, startedAtMs);
      return outcomes;
    } catch (error) {
      done('error');
      // Given up by us: whatever the store's client makes of that, it is no news of the store.
      signal.throwIfAborted();
      const known = toKnownError(error);
      tellSpans(context, deliveries, known, startedAtMs);
      throw known;
    }
  });
}
