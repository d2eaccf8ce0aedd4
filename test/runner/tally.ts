import { readFileSync } from 'node:fs';

export interface Tally {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  /** What failed, a line each: told once more at the end, where every log still has it. */
  readonly failures: readonly string[];
}

export const nothing: Tally = { passed: 0, failed: 0, skipped: 0, failures: [] };

export function addTallies(a: Tally, b: Tally): Tally {
  return {
    passed: a.passed + b.passed,
    failed: a.failed + b.failed,
    skipped: a.skipped + b.skipped,
    failures: [...a.failures, ...b.failures],
  };
}

/** The last line of a run: `12 passed, 0 failed`, and `, 1 skipped` only where something was. */
export function summaryLine(tally: Tally): string {
  const skipped = tally.skipped > 0 ? `, ${tally.skipped} skipped` : '';
  return `${tally.passed} passed, ${tally.failed} failed${skipped}`;
}

/** The part of vitest's JSON report that is counted. */
export interface VitestReport {
  readonly testResults: readonly {
    /** Path of the file. */
    readonly name: string;
    readonly status: string;
    /** Why a file could not be run. */
    readonly message: string;
    readonly assertionResults: readonly {
      readonly status: string;
      readonly fullName: string;
      readonly failureMessages?: readonly string[] | null;
    }[];
  }[];
}

type FileReport = VitestReport['testResults'][number];

/**
 * Counts tests; a file that failed before or after its tests (import, hooks) counts as one failure, and so does a
 * bad exit without any (an unhandled rejection, a crash): a run that did not go well never counts as green.
 */
export function tallyVitest(report: VitestReport | null, exitCode: number | null): Tally {
  const files = report?.testResults ?? [];
  const statuses = files.flatMap((file) => file.assertionResults.map((test) => test.status));
  const passed = statuses.filter((status) => status === 'passed').length;
  const failedTests = statuses.filter((status) => status === 'failed').length;
  const failures = files.flatMap(failuresOf);
  const wentWell = report !== null && exitCode === 0;
  if (failures.length === 0 && !wentWell)
    failures.push(report === null ? 'it left no report' : 'it ended badly though every test passed');
  return { passed, failed: failures.length, skipped: statuses.length - passed - failedTests, failures };
}

function failuresOf({ name, status, message, assertionResults }: FileReport): string[] {
  const tests = assertionResults.filter((test) => test.status === 'failed');
  if (tests.length === 0) return status === 'failed' ? [`${name}: ${firstLine(message)}`] : [];
  return tests.map(
    ({ fullName, failureMessages }) => `${name}: ${fullName}: ${firstLine(failureMessages?.[0] ?? '')}`,
  );
}

function firstLine(text: string): string {
  return text.split('\n', 1)[0] ?? '';
}

/** What the runner of the fault suite counts. */
export interface FaultsReport {
  readonly passed: number;
  readonly failed: number;
}

/** Counts cases; a run that left no report or did not go well is a failure. */
export function tallyFaults(report: FaultsReport | null, exitCode: number | null): Tally {
  const { passed, failed } = report ?? { passed: 0, failed: 1 };
  const all = failed === 0 && exitCode !== 0 ? 1 : failed;
  return { passed, failed: all, skipped: 0, failures: all === 0 ? [] : [`${all} of the fault cases`] };
}

/** Null for a file that is missing or cut off. */
export function readReport<T>(path: string): T | null {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as T;
  } catch {
    return null;
  }
}
