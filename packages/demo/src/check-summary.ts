import type { Comparison } from '@sluice/compare';

interface SinkCounts {
  readonly compared: number;
  readonly different: number;
  readonly missing: number;
  readonly extra: number;
}

/** The last line of a check, for scripts; with the counts of each sink under its name. */
export interface CheckSummary {
  /** Rows in the source at the end. */
  readonly rows: number;
  /** Row changes committed while the pipeline ran. */
  readonly changes: number;
  readonly seconds: number;
  readonly [sink: string]: SinkCounts | number;
}

/** Each of these sinks was compared, at least `leastRows` rows each, and nothing was different, missing or extra. */
export function isEqual(comparison: Comparison, sinks: readonly string[], leastRows = 1): boolean {
  return sinks.every((name) => {
    const { compared, different, missing, extra } = countsOf(comparison, name);
    return compared >= leastRows && different + missing + extra === 0;
  });
}

export function checkSummary(comparison: Comparison, changes: number, seconds: number): CheckSummary {
  const { rows, sinks } = comparison;
  const counts = Object.keys(sinks).map((name) => [name, countsOf(comparison, name)] as const);
  return { rows, changes, ...Object.fromEntries(counts), seconds };
}

function countsOf({ sinks }: Comparison, name: string): SinkCounts {
  const { compared = 0, different = 0, missing = 0, extra = 0 } = sinks[name] ?? {};
  return { compared, different, missing, extra };
}
