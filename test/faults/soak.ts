/**
 * The soak: `soak.ts [--minutes N] [--seed N] [--pair mysql|mariadb]`. Random faults every 10 to 20 s under random load, then the judgement of the fault
 * suite. `--pair`: two captures, and a source with a replica, of which the one takes the other's place. Prints the seed, every fault and the figures, and writes them to docs/faults.md; exit code 1 when something is not
 * as it must be.
 */
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { randomInt } from 'node:crypto';
import { codeIdentity } from '../harness/code-identity.ts';
import { PAIR_SOAK, SOAK } from '../harness/faults/faults-page.ts';
import { recordSoak } from '../harness/faults/kept-results.ts';
import { soakCase, soakFigures, type SoakTally } from '../harness/faults/soak-case.ts';
import { Stage } from '../harness/faults/stage.ts';

const { values } = parseArgs({
  options: { minutes: { type: 'string', default: '30' }, seed: { type: 'string' }, pair: { type: 'string' } },
});
const minutes = Number(values.minutes);
const seed = Number(values.seed ?? process.env['SLUICE_TEST_SEED'] ?? randomInt(2 ** 31));
const { pair = null } = values;
if (pair !== null && pair !== 'mysql' && pair !== 'mariadb') throw new Error('--pair is mysql or mariadb');
const begun = performance.now();

function say(line: string): void {
  const seconds = Math.round((performance.now() - begun) / 1000);
  process.stdout.write(`${String(seconds).padStart(5)} s  ${line}\n`);
}

const commit = codeIdentity();
const tally: SoakTally = { faults: 0, recoveries: [], scene: null };
say(
  `SLUICE_TEST_SEED=${seed}, ${minutes} minutes${pair === null ? '' : `, two captures, ${pair} with a replica`}`,
);
await using stage = new Stage({ ownsElasticsearch: true, logFolder: join(import.meta.dirname, 'logs') });
const verdict = await stage.play('soak', soakCase({ minutes, seed, pair }, tally, say), seed);
const lasted = Math.round((performance.now() - begun) / 60_000);
const stood = pair === null ? [] : [`two captures, two servers (${stage.servers ?? pair})`];
const figures = [...stood, `${minutes} minutes asked for, over after ${lasted}`, ...soakFigures(tally)];
for (const line of [...figures, ...verdict.problems]) say(line);
await recordSoak(pair === null ? SOAK : PAIR_SOAK, { ...verdict, figures, seed, commit });
process.exitCode = verdict.problems.length > 0 ? 1 : 0;
