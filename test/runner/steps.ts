import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runChild, type ChildOutput } from './child.ts';
import type { CheckName, SuiteName } from './plan.ts';
import {
  readReport,
  tallyFaults,
  tallyVitest,
  type FaultsReport,
  type Tally,
  type VitestReport,
} from './tally.ts';

const repositoryRoot = join(import.meta.dirname, '..', '..');
const binaries = join(repositoryRoot, 'node_modules', '.bin');

const checks: Readonly<Record<CheckName, readonly [string, ...string[]]>> = {
  format: ['prettier', '--check', '--log-level', 'warn', '.'],
  lint: ['oxlint', '--type-aware', '--deny-warnings'],
  typecheck: ['turbo', 'run', 'types', '--output-logs', 'errors-only'],
};

const checkTimeoutMs = 10 * 60_000;
const suiteTimeoutMs: Readonly<Record<SuiteName, number>> = {
  // A million forged records take a quarter of an hour on a machine that does nothing else.
  unit: 40 * 60_000,
  conformance: 20 * 60_000,
  e2e: 45 * 60_000,
  faults: 20 * 60_000,
  values: 45 * 60_000,
};

/** A check counts as one test. */
export async function runCheck(name: CheckName): Promise<Tally> {
  const [program, ...args] = checks[name];
  const end = await runChild([join(binaries, program), ...args], {
    cwd: repositoryRoot,
    env: environment({}),
    timeoutMs: checkTimeoutMs,
  });
  const ok = end.code === 0 && !end.timedOut;
  return { passed: ok ? 1 : 0, failed: ok ? 0 : 1, skipped: 0, failures: ok ? [] : ['it found something'] };
}

/** `env` says where the servers are, if the suite needs any. */
export async function runSuite(
  name: SuiteName,
  vitestArgs: readonly string[],
  env: Readonly<Record<string, string>>,
  output: ChildOutput = 'shown',
): Promise<Tally> {
  if (name === 'faults') return runFaults(vitestArgs, env, output);
  const folder = mkdtempSync(join(tmpdir(), 'sluice-test-'));
  const reportPath = join(folder, 'report.json');
  try {
    const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${reportPath}`];
    const end = await runChild(
      [join(binaries, 'vitest'), 'run', '--project', name, ...reporters, ...vitestArgs],
      { cwd: repositoryRoot, env: environment(env), timeoutMs: suiteTimeoutMs[name], output },
    );
    const tally = tallyVitest(readReport<VitestReport>(reportPath), end.timedOut ? null : end.code);
    return end.timedOut ? withTimeout(tally, name) : tally;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function withTimeout(tally: Tally, name: SuiteName): Tally {
  const why = `it did not end within ${suiteTimeoutMs[name] / 60_000} minutes`;
  return { ...tally, failures: [why, ...tally.failures.filter((each) => each !== 'it left no report')] };
}

/** The short cases of the fault suite, which has a runner of its own: one process holds the servers that it kills. */
async function runFaults(
  names: readonly string[],
  env: Readonly<Record<string, string>>,
  output: ChildOutput,
): Promise<Tally> {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-test-'));
  const reportPath = join(folder, 'report.json');
  try {
    const args = ['--in-every-run', '--all', '--report', reportPath, ...names];
    const end = await runChild([process.execPath, join(repositoryRoot, 'test/faults/run.ts'), ...args], {
      cwd: repositoryRoot,
      env: environment(env),
      timeoutMs: suiteTimeoutMs.faults,
      output,
    });
    return tallyFaults(readReport<FaultsReport>(reportPath), end.timedOut ? null : end.code);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function environment(extra: Readonly<Record<string, string>>): NodeJS.ProcessEnv {
  return {
    ...process.env,
    PATH: `${binaries}:${process.env.PATH ?? ''}`,
    TURBO_TELEMETRY_DISABLED: '1',
    ...extra,
  };
}
