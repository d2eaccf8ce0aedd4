import { preflightFailed, type PreflightProblem } from '@sluice/runtime';

/** Throws PREFLIGHT_FAILED with every problem in one message; nothing when there is none. */
export function refuseIfAny(problems: readonly PreflightProblem[]): void {
  if (problems.length > 0) throw preflightFailed(problems);
}
