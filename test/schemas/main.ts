/**
 * `npm run test:schemas -- [--only NAME,…] [--folder FOLDER] [--server mysql] [--load SECONDS] [--rate N]`: real applications'
 * schemas are installed and upgraded on a source, and sysbench works on it, while a pipeline with three sinks follows.
 */
import { parseArgs } from 'node:util';
import type { ServerName } from '@sluice/local-stack';
import { ownServers } from '../harness/pipelines/own-servers.ts';
import { announceSeed, SeededRandom } from '@sluice/seeded-random';
import type { Found } from '../torture/look.ts';
import { runApplications } from './applications-run.ts';
import { SqlClient } from './client.ts';
import { runLoad } from './load-run.ts';
import { application, APPLICATIONS, ownApplication } from './packages.ts';
import { Sysbench } from './sysbench.ts';

const { values } = parseArgs({
  options: {
    only: { type: 'string', default: APPLICATIONS.join() },
    folder: { type: 'string' },
    server: { type: 'string', default: 'mariadb' },
    load: { type: 'string', default: '60' },
    rate: { type: 'string', default: '20' },
  },
});
const begun = performance.now();
let problems = 0;

function say(line: string): void {
  process.stdout.write(`${((performance.now() - begun) / 1000).toFixed(0).padStart(6)} s  ${line}\n`);
}

function tell(what: string, { tables, named, stop, differences }: Found): void {
  const left = Object.entries(named).map(([code, count]) => `, ${count} × ${code}`);
  say(`${what}; ${tables} tables${left.join('')}${(stop ?? differences[0]) ? '' : ', equal'}`);
  if (stop !== null) say(`    STOP ${stop}`);
  for (const line of differences) say(`    DIFFERENCE ${line}`);
  if (stop !== null || differences.length > 0) problems++;
}

const SHOWN = 3;

/** The client names the line of the script. */
const withoutPlace = (line: string): string => line.replace(/ at line \d+/, '').slice(0, 200);

const server = values.server === 'mysql' ? 'mysql' : 'mariadb';
const random = new SeededRandom(announceSeed('rows of the applications'));
await using scope = new AsyncDisposableStack();
const names = values.only.split(',').filter((name) => name !== '');
const applications =
  values.folder === undefined
    ? await Promise.all(names.map((name) => application(name, say)))
    : [await ownApplication(values.folder)];
// Nothing of these servers has to outlive a power cut.
const flags: Partial<Record<ServerName, string[]>> = {
  mariadb: ['--innodb-flush-method=nosync', '--innodb-flush-log-at-trx-commit=0'],
  'target-mysql': [],
  redis: [],
};
if (server === 'mysql') flags.mysql = ['--innodb-flush-log-at-trx-commit=0'];
const stack = await ownServers(scope, flags, ['kafka', 'elasticsearch']);
const source = stack[server];
await runApplications({
  applications,
  stack,
  source,
  client: await SqlClient.of(source, say),
  random,
  onStep: (result) => {
    const { step, scripts, refused, statements, ms } = result;
    tell(
      `${step}: ${scripts} scripts, ${refused.length} statements refused, ${statements} of ours, ${ms} ms`,
      result,
    );
    for (const line of [...new Set(refused.map(withoutPlace))].slice(0, SHOWN)) say(`    refused: ${line}`);
  },
});
const seconds = Number(values.load);
if (seconds > 0) {
  const sysbench = await Sysbench.get(say);
  const result = await runLoad({ stack, sysbench, seconds, rate: Number(values.rate) });
  tell(`sysbench, ${seconds} s: ${result.figures.join(', ')}; looked at ${result.behindMs} ms later`, result);
}
say(problems === 0 ? 'nothing is different' : `${problems} steps with something to look at`);
process.exitCode = problems === 0 ? 0 : 1;
