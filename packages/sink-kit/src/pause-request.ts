import type { PauseReason } from '@sluice/ops-api';

/** Read nothing of the partition for `ms` milliseconds (null: until the breaker says so), or begin it again. */
export type PauseRequest =
  | { readonly reason: PauseReason; readonly ms: number | null; readonly detail: string }
  | { readonly reason: 'moved' };

/** The assignment ends with it, so nobody has to wake it. */
export const STOP_PAUSE: PauseRequest = { reason: 'retry', ms: null, detail: 'the service stops' };

export const CHECKPOINT_PAUSE: PauseRequest = {
  reason: 'retry',
  ms: 1000,
  detail: 'a record is ahead of the newest checkpoint of capture: the next one tells',
};

export const BREAKER_PAUSE: PauseRequest = {
  reason: 'breaker',
  ms: null,
  detail: 'circuit breaker open: the store is not called until the next probe',
};
