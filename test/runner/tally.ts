import { readFileSync } from 'node:fs';

export interface Tally {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

export const nothing: Tally = { passed: 0, failed: 0, skipped: 0 };

export function addTallies(a: Tally, b: Tally): Tally {
  return { passed: a.passed + b.passed, failed: a.failed + b.failed, skipped: a.skipped + b.skipped };
}

/** The last line of a run: `12 passed, 0 failed`, and `, 1 skipped` only where something was. */
export function summaryLine(tally: Tally): string {
  const skipped = tally.skipped > 0 ? `, ${tally.skipped} skipped` : '';
  return `${tally.passed} passed, ${tally.failed} failed${skipped}`;
}

/** The part of vitest's JSON report that is counted. */
export interface VitestReport {
  readonly testResults: readonly {
    readonly status: string;
    readonly assertionResults: readonly { readonly status: string }[];
  }[];
}

/**
 * Counts tests; a file that failed before or after its tests (import, hooks) counts as one failure, and so does a
 * bad exit without any (an unhandled rejection, a crash): a run that did not go well never counts as green.
 */
export function tallyVitest(report: VitestReport | null, exitCode: number | null): Tally {
  const files = report?.testResults ?? [];
  const statuses = files.flatMap((file) => file.assertionResults.map((test) => test.status));
  const passed = statuses.filter((status) => status === 'passed').length;
  const failedTests = statuses.filter((status) => status === 'failed').length;
  const failedFiles = files.filter(
    (file) => file.status === 'failed' && !file.assertionResults.some((test) => test.status === 'failed'),
  ).length;
  const failed = failedTests + failedFiles;
  const wentWell = report !== null && exitCode === 0;
  return {
    passed,
    failed: failed === 0 && !wentWell ? 1 : failed,
    skipped: statuses.length - passed - failedTests,
  };
}

/** What the runner of the fault suite counts. */
export interface FaultsReport {
  readonly passed: number;
  readonly failed: number;
}

/** Counts cases; a run that left no report or did not go well is a failure. */
export function tallyFaults(report: FaultsReport | null, exitCode: number | null): Tally {
  const { passed, failed } = report ?? { passed: 0, failed: 1 };
  return { passed, failed: failed === 0 && exitCode !== 0 ? 1 : failed, skipped: 0 };
}

/** Null for a file that is missing or cut off. */
export function readReport<T>(path: string): T | null {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as T;
  } catch {
    return null;
  }
}
