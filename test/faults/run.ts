/**
 * The fault suite: `run.ts [cases…] [--all] [--times N] [--seed N] [--in-every-run] [--report FILE] [--page]`. Cases that have passed
 * with this very code are left out, unless `--all`. Ends with `N passed, N failed`; exit code 1 when one failed. `--page` only
 * writes docs/faults.md anew.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { randomInt } from 'node:crypto';
import { codeIdentity } from '../harness/code-identity.ts';
import { findCases, type NamedCase } from '../harness/faults/find-cases.ts';
import { readResults, writeResults, type FaultResult } from '../harness/faults/fault-results.ts';
import { RESULTS, showResults } from '../harness/faults/kept-results.ts';
import type { Verdict } from '../harness/faults/judge.ts';
import { Stage } from '../harness/faults/stage.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    all: { type: 'boolean', default: false },
    times: { type: 'string', default: '1' },
    seed: { type: 'string' },
    'in-every-run': { type: 'boolean', default: false },
    report: { type: 'string' },
    page: { type: 'boolean', default: false },
  },
});
const times = Number(values.times);
const commit = codeIdentity();

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

function isWanted({ name, fault }: NamedCase): boolean {
  if (positionals.length > 0) return positionals.includes(name);
  return !values['in-every-run'] || fault.inEveryRun === true;
}

function hasPassed({ name }: NamedCase): boolean {
  const result = readResults(RESULTS)[name];
  return result !== undefined && result.passed && result.commit === commit && result.times >= times;
}

function slower(before: Verdict | null, { recoverySeconds }: Verdict): number | null {
  if (recoverySeconds === null) return null;
  return Math.max(recoverySeconds, before?.recoverySeconds ?? 0);
}

/** As often as asked, until it fails once. */
async function runCase(stage: Stage, { name, fault }: NamedCase): Promise<FaultResult> {
  let result: FaultResult | null = null;
  for (let time = 1; time <= times && result?.passed !== false; time++) {
    const seed = Number(values.seed ?? randomInt(2 ** 31));
    process.stdout.write(`${name}: SLUICE_TEST_SEED=${seed} … `);
    const begun = performance.now();
    const verdict = await stage.play(name, fault, seed);
    const passed = verdict.problems.length === 0;
    const seconds = ((performance.now() - begun) / 1000).toFixed(1);
    const recovery = verdict.recoverySeconds?.toFixed(1) ?? '–';
    say(`${passed ? 'passed' : 'FAILED'} in ${seconds} s, recovered in ${recovery} s`);
    for (const figure of verdict.figures) say(`  ${figure}`);
    for (const problem of verdict.problems) say(`  ${problem.replaceAll('\n', '\n  ')}`);
    const recoverySeconds = slower(result, verdict);
    result = {
      ...verdict,
      recoverySeconds,
      seed,
      passed,
      times: time,
      commit,
      ...(stage.servers === null ? {} : { servers: stage.servers }),
      date: new Date().toISOString(),
    };
  }
  return result as FaultResult;
}

async function runAll(cases: readonly NamedCase[]): Promise<{ passed: number; failed: number }> {
  const tally = { passed: 0, failed: 0 };
  const kills = cases.some(({ fault }) => fault.killsElasticsearch === true);
  await using stage = new Stage({ ownsElasticsearch: kills, logFolder: join(import.meta.dirname, 'logs') });
  for (const each of cases) {
    const result = await runCase(stage, each);
    writeResults(RESULTS, { ...readResults(RESULTS), [each.name]: result });
    tally[result.passed ? 'passed' : 'failed']++;
  }
  return tally;
}

const all = await findCases(import.meta.dirname);
const wanted = all.filter(isWanted);
const unknown = positionals.filter((name) => !all.some((each) => each.name === name));
if (unknown.length > 0) throw new Error(`no such case: ${unknown.join(', ')}`);
const open = values.all ? wanted : wanted.filter((each) => !hasPassed(each));
if (open.length < wanted.length)
  say(`${wanted.length - open.length} cases have passed with this code already; --all runs them again`);
const tally = values.page ? { passed: 0, failed: 0 } : await runAll(open);
if (!values['in-every-run']) await showResults(values.page ? [] : wanted.map(({ name }) => name));
if (values.report !== undefined) writeFileSync(values.report, JSON.stringify(tally));
say(`\n${tally.passed} passed, ${tally.failed} failed`);
process.exit(tally.failed > 0 ? 1 : 0);
