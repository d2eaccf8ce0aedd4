import { OnDemandServers } from '@sluice/local-stack';
import { stopChildren, type ChildOutput } from './runner/child.ts';
import { buildPrograms } from './runner/built-programs.ts';
import { phasesOf, planOf, type Plan, type SuiteName } from './runner/plan.ts';
import { runCheck, runSuite } from './runner/steps.ts';
import { addTallies, nothing, summaryLine, type Tally } from './runner/tally.ts';

/** `npm test`: checks, then every suite against one set of servers. Exit code 1 when anything failed. */

// They live for minutes, and serve a few rows at a time.
process.env['SLUICE_STACK_SHORT_LIVED'] = '1';

const needsServers = (suite: SuiteName): boolean => suite !== 'unit';
const oneFailure: Tally = { passed: 0, failed: 1, skipped: 0, failures: ['it could not be run'] };
const interruption = new AbortController();
let total = nothing;

/** Resolves to null when the step threw (counted as one failure) or the run was interrupted before it. */
async function step<T>(name: string, run: () => Promise<T>, count: (result: T) => Tally): Promise<T | null> {
  if (interruption.signal.aborted) return null;
  console.log(`\n── ${name}`);
  const startedAt = performance.now();
  const result = await run().catch((error: unknown) => {
    if (!interruption.signal.aborted) console.error(error);
    return null;
  });
  const tally = result === null ? oneFailure : count(result);
  total = addTallies(total, { ...tally, failures: tally.failures.map((line) => `${name}: ${line}`) });
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
  console.log(`── ${name}: ${summaryLine(tally)} in ${seconds} s`);
  return result;
}

const lostServers = (losses: readonly string[]): Tally => {
  for (const loss of losses) console.error(loss);
  return { passed: 0, failed: losses.length, skipped: 0, failures: losses };
};
const asItIs = (tally: Tally): Tally => tally;

async function runServerSuites(suites: readonly SuiteName[], { vitestArgs, env }: Plan): Promise<void> {
  // One set for all suites; each test file keeps to topics, databases and indexes of its own.
  const { signal } = interruption;
  const servers = await OnDemandServers.open({
    signal,
    env: { ...process.env, ...env },
    onProgress: (line) => console.log(line),
  });
  const programs = await step('programs', buildPrograms, () => nothing);
  const run = async (suite: SuiteName, output: ChildOutput): Promise<void> => {
    const all = { ...env, ...servers.env, ...programs?.env };
    await step(suite, () => runSuite(suite, vitestArgs, all, output), asItIs);
    const losses = await servers.losses();
    if (losses.length > 0) await step(`servers of ${suite}`, async () => losses, lostServers);
  };
  try {
    for (const phase of programs === null ? [] : phasesOf(suites))
      await Promise.all(
        phase.map(async (lane, place) => {
          for (const suite of lane) await run(suite, place === 0 ? 'shown' : 'kept');
        }),
      );
  } finally {
    await servers.stop();
    programs?.remove();
  }
}

async function runPlan(plan: Plan): Promise<void> {
  // Two of them use one processor each: together they take as long as the slowest.
  await Promise.all(plan.checks.map((check) => step(check, () => runCheck(check), asItIs)));
  if (plan.suites.includes('unit'))
    await step('unit', () => runSuite('unit', plan.vitestArgs, plan.env), asItIs);
  const serverSuites = plan.suites.filter(needsServers);
  if (serverSuites.length > 0) await runServerSuites(serverSuites, plan);
}

function interrupt(): void {
  if (interruption.signal.aborted) process.exit(130);
  console.error('\nstopping; once more to stop at once');
  interruption.abort();
  stopChildren();
}

process.on('SIGINT', interrupt);
process.on('SIGTERM', interrupt);

await runPlan(planOf(process.argv.slice(2)));
for (const failure of total.failures) console.log(`failed: ${failure}`);
console.log(`\n${summaryLine(total)}`);
if (interruption.signal.aborted) process.exitCode = 130;
else process.exitCode = total.failed > 0 || total.passed === 0 ? 1 : 0;
