import { PipelineError } from './errors.ts';

/** One thing that a service finds wrong before it begins, and what fixes it. */
export interface PreflightProblem {
  readonly setting: string;
  readonly found: string;
  readonly required: string;
  /** The statement, where there is one. */
  readonly fix: string;
}

/** PREFLIGHT_FAILED with every problem in one message. */
export function preflightFailed(problems: readonly PreflightProblem[], cause?: unknown): PipelineError {
  const lines = problems.map(
    ({ setting, found, required, fix }) => `- ${setting}: found ${found}, needs ${required}. Fix: ${fix}`,
  );
  const message = `${problems.length} problem(s):\n${lines.join('\n')}`;
  return new PipelineError('PREFLIGHT_FAILED', message, cause === undefined ? {} : { cause });
}
