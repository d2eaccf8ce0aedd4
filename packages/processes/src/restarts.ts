import { EXIT } from '@sluice/runtime';

/** Ends that come back at every restart until a person acts; and the one that was asked for. */
const FINAL: ReadonlySet<number> = new Set([EXIT.stopped, EXIT.configuration, EXIT.preflight, EXIT.fatal]);

/** Whether a service that has ended by itself with this exit code is to be started again: docs/operations.md. */
export function asksForRestart(exitCode: number): boolean {
  return !FINAL.has(exitCode);
}
