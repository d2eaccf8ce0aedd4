import { fullJitter, type BackoffOptions } from '@sluice/runtime';

/** A wait up to this long is spent inside the handler (heartbeats go on); a longer one pauses the partition instead. */
export const IN_PLACE_MS = 1000;

export type RetryPlan =
  { readonly kind: 'wait'; readonly ms: number } | { readonly kind: 'pause'; readonly ms: number };

/** What to do before try number `attempt` (from 0) after a failure. Tries never end. `random` gives [0, 1). */
export function planRetry(attempt: number, backoff: BackoffOptions, random?: () => number): RetryPlan {
  const ms = fullJitter(attempt, backoff, random);
  return { kind: ms > IN_PLACE_MS ? 'pause' : 'wait', ms };
}
