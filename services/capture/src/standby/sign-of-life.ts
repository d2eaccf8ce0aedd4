import type { CaptureStateName } from '@sluice/ops-api';

/** A start (ms) that takes longer than this after its fence is no sign of life any more. */
const START_MS = 120_000;

/** Whether a leader in this state gets on: what it says of itself keeps standbys out then. Pure. @param forMs milliseconds in that state */
export function isSignOfLife(state: CaptureStateName, forMs: number): boolean {
  if (state === 'streaming' || state === 'snapshot') return true;
  return (state === 'fencing' || state === 'restoring') && forMs <= START_MS;
}
