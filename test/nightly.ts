import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { runChild, stopChildren } from './runner/child.ts';
import { nothing, summaryLine } from './runner/tally.ts';

/**
 * `npm run nightly [-- NAME…]`: what takes too long for every run, one after the other; about five hours. Goes on after a failure.
 * Ends with a line for each and `N passed, N failed`; exit code 1 when one failed.
 */

const ROOT = join(import.meta.dirname, '..');
const HOUR_MS = 3_600_000;

/** Arguments of `npm run`. */
const SUITES: Readonly<Record<string, readonly string[]>> = {
  test: ['test'],
  values: ['test:values'],
  faults: ['test:faults', '--', '--all'],
  soak: ['soak', '--', '--minutes', '20'],
  histories: ['test:histories'],
  'replica-mysql': ['test:replica', '--', '--histories', '1000', '--server', 'mysql'],
  'replica-mariadb': ['test:replica', '--', '--histories', '1000', '--server', 'mariadb'],
  ddl: ['test:ddl', '--', '--seconds', '180'],
  statements: ['test:statements', '--', '--runs', '1000'],
  indexes: ['test:indexes'],
  expired: ['test:expired'],
  alters: ['test:alters'],
  alerts: ['test:alerts'],
  canary: ['test:canary'],
  rights: ['test:rights'],
  compare: ['test:compare'],
  scale: ['test:scale'],
  mariadb: ['test:mariadb'],
  drills: ['test:drills'],
  rebuild: ['test:rebuild'],
  repaired: ['test:repaired'],
  named: ['test:named'],
  standby: ['test:standby'],
  kills: ['test:kills'],
  orphans: ['test:orphans'],
  switchover: ['test:switchover'],
  upgrade: ['test:upgrade'],
  'source-upgrade': ['test:source-upgrade'],
  usual: ['test:usual'],
  forged: ['test:forged'],
  fuzz: ['test:fuzz', '--', '--inputs', '1000000'],
  'fuzz-http': ['test:fuzz-http', '--', '--inputs', '1000000'],
  schemas: ['test:schemas'],
  audit: ['audit'],
  'bench-big': ['bench:big'],
  'bench-start': ['bench:start'],
};

let stopped = false;
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.on(signal, () => {
    stopped = true;
    stopChildren();
  });

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

async function run(name: string): Promise<boolean> {
  say(`\n━━ ${name}`);
  const command = ['npm', 'run', ...(SUITES[name] ?? [])] as [string, ...string[]];
  const { code, timedOut } = await runChild(command, { cwd: ROOT, env: process.env, timeoutMs: HOUR_MS });
  return code === 0 && !timedOut;
}

const { positionals } = parseArgs({ allowPositionals: true });
const unknown = positionals.filter((name) => !Object.hasOwn(SUITES, name));
if (unknown.length > 0) {
  process.stderr.write(
    `no suite is named ${unknown.join(', ')}; there are ${Object.keys(SUITES).join(', ')}\n`,
  );
  process.exit(64);
}
const lines: string[] = [];
let failed = 0;
for (const name of positionals.length > 0 ? positionals : Object.keys(SUITES)) {
  if (stopped) break;
  const begun = performance.now();
  const isGood = await run(name);
  if (!isGood) failed += 1;
  const minutes = ((performance.now() - begun) / 60_000).toFixed(1);
  lines.push(`${name.padEnd(16)} ${isGood ? 'passed' : 'FAILED'} in ${minutes} min`);
}
const tally = { ...nothing, passed: lines.length - failed, failed };
say(`\n${lines.join('\n')}\n\n${summaryLine(tally)}`);
if (failed > 0 || stopped) process.exitCode = stopped ? 130 : 1;
