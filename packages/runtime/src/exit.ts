import { errorEntry, PipelineError } from './errors.ts';

/**
 * Exit codes, so that a supervisor can tell "fix me" from "restart me" (numbers of BSD's sysexits.h):
 * `configuration`, `preflight` and `fatal` come back at every restart until a person acts; `unexpected` may not.
 */
export const EXIT = {
  stopped: 0,
  unexpected: 1,
  configuration: 64,
  preflight: 69,
  fatal: 70,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** The exit code of a process that ends by this error. */
export function exitCodeOf(error: unknown): ExitCode {
  if (!(error instanceof PipelineError)) return EXIT.unexpected;
  const entry = errorEntry(error.code);
  if (entry.exit !== undefined) return EXIT[entry.exit];
  return entry.class === 'fatal' || entry.class === 'schema' ? EXIT.fatal : EXIT.unexpected;
}
