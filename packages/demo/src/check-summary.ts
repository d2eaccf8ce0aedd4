import type { Comparison, SinkName } from '@sluice/compare';

export const CHECKED_SINKS: readonly SinkName[] = ['redis', 'elasticsearch', 'mysql'];

interface SinkCounts {
  readonly compared: number;
  readonly different: number;
  readonly missing: number;
  readonly extra: number;
}

/** The last line of a check, for scripts. */
export interface CheckSummary extends Readonly<Record<SinkName, SinkCounts>> {
  /** Rows in the source at the end. */
  readonly rows: number;
  /** Row changes committed while the pipeline ran. */
  readonly changes: number;
  readonly seconds: number;
}

/** Every sink was compared, at least `leastRows` rows each, and nothing was different, missing or extra. */
export function isEqual(comparison: Comparison, leastRows = 1): boolean {
  return CHECKED_SINKS.every((name) => {
    const { compared, different, missing, extra } = countsOf(comparison, name);
    return compared >= leastRows && different + missing + extra === 0;
  });
}

export function checkSummary(comparison: Comparison, changes: number, seconds: number): CheckSummary {
  const [redis, elasticsearch, mysql] = [
    countsOf(comparison, 'redis'),
    countsOf(comparison, 'elasticsearch'),
    countsOf(comparison, 'mysql'),
  ];
  return { rows: comparison.rows, changes, redis, elasticsearch, mysql, seconds };
}

function countsOf({ sinks }: Comparison, name: SinkName): SinkCounts {
  const { compared = 0, different = 0, missing = 0, extra = 0 } = sinks[name] ?? {};
  return { compared, different, missing, extra };
}
