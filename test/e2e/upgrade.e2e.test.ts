import { startStack } from '@sluice/local-stack';
import { announceSeed, SeededRandom } from '@sluice/seeded-random';
import { afterAll, expect, test } from 'vitest';
import { eventually } from '../harness/eventually.ts';
import {
  SINK_NAMES,
  SinkPipeline,
  type ServiceName,
  type SinkName,
} from '../harness/pipelines/sink-pipeline.ts';
import { SourceDatabase } from '../harness/pipelines/source-database.ts';
import { testScope } from '../harness/scope.ts';
import { testSize } from '../harness/test-size.ts';
import { TwoReleases } from '../harness/upgrades/two-releases.ts';
import { expectExactlyOnce } from '../harness/workloads/ledger-history.ts';
import { LEDGER_TABLES, LedgerWorkload } from '../harness/workloads/ledger-workload.ts';

/**
 * Upgraded under load and taken back, by the commands of docs/upgrading.md. `npm run test:upgrade` does it with the code of the release before,
 * three sinks and an hour's worth of changes while releases are mixed. `SLUICE_UPGRADE=same npm test -- e2e test/e2e/upgrade` is a short form, in
 * which both releases are this one.
 */

const stack = await startStack({ servers: ['kafka', 'mysql', 'target-mysql', 'redis', 'elasticsearch'] });
afterAll(() => stack.stop());

/** A folder with the sources of the release before, installed. */
const PREVIOUS = process.env['SLUICE_PREVIOUS'];
const SINKS: readonly SinkName[] = PREVIOUS === undefined ? ['redis'] : SINK_NAMES;
/** Changes of rows, over all times at which services of both releases run. */
const MIXED_ROWS = testSize('SLUICE_UPGRADE_ROWS', 600);
const ROWS_PER_SECOND = testSize('SLUICE_UPGRADE_ROWS_PER_SECOND', PREVIOUS === undefined ? 100 : 300);
/** How often releases are mixed: after four commands of each direction, and after one of the upgrade of all at once. */
const MIXES = 9;
const UP = 'While it runs: sinks first, capture last';
const BACK = 'Back while it runs: capture first, sinks last';

test.runIf(PREVIOUS !== undefined || process.env['SLUICE_UPGRADE'] === 'same')(
  'services of two releases work side by side, up and back, under load: each change once, every store equal',
  async () => {
    const random = new SeededRandom(announceSeed('upgrade'));
    const scope = testScope();
    const database = await SourceDatabase.create(scope, stack.mysql, 'upgrade');
    await database.run(
      ...LEDGER_TABLES,
      'CREATE TABLE noted (id INT NOT NULL PRIMARY KEY, note VARCHAR(40))',
    );
    const pipeline = await SinkPipeline.create(scope, { stack, database, sinks: SINKS });
    const releases = new TwoReleases(pipeline, SINKS, PREVIOUS);
    const services: readonly ServiceName[] = ['capture', ...SINKS.map((sink) => `sink-${sink}` as const)];
    await releases.start('OLD', services);
    await releases.firstSnapshots('OLD', ['ledger', 'marker', 'end_mark', 'noted']);
    const load = { writers: 4, rows: 1, rowsPerSecond: ROWS_PER_SECOND };
    const workload = await LedgerWorkload.start(database, random, load);
    let [mixed, columns, seen] = [0, 0, 0];
    /** A while with releases as they are, and a column that comes meanwhile. */
    const goOn = async (what: string): Promise<void> => {
      const isMixed = new Set(releases.running.map((name) => name.split(' ')[0])).size > 1;
      columns += 1;
      await database.run(
        `ALTER TABLE noted ADD COLUMN c${columns} VARCHAR(20) DEFAULT 'x'`,
        `INSERT INTO noted VALUES (${columns}, 'new'${`, 'y'`.repeat(columns)})`,
      );
      const due = workload.totals.rows + MIXED_ROWS / MIXES;
      await eventually('rows to be written', () => workload.totals.rows >= due, { timeoutMs: 300_000 });
      await pipeline.converged(['noted'], 120_000);
      if (isMixed) mixed += workload.totals.rows - seen;
      seen = workload.totals.rows;
      process.stderr.write(`${what}: ${releases.running.join(', ')}; ${seen} rows\n`);
    };

    await goOn('the release before');
    await releases.play(UP, goOn);
    expect(releases.running).toEqual(services.map((name) => `NEW ${name}`).toSorted());
    await releases.play(BACK, goOn);
    expect(releases.running).toEqual(services.map((name) => `OLD ${name}`).toSorted());
    // As a rollout of all Deployments does it: the old ones are told to end when the new ones are ready.
    await releases.start('NEW', services);
    await goOn('all at once');
    await releases.stop('OLD', services);
    await goOn('upgraded');

    const totals = await workload.finish();
    await database.run('INSERT INTO end_mark VALUES (1)');
    await pipeline.converged(undefined, 300_000);
    await expectExactlyOnce(pipeline, totals);
    for (const sink of SINKS) expect([sink, await pipeline.deadLetters(sink)]).toEqual([sink, []]);
    expect(mixed).toBeGreaterThanOrEqual(MIXED_ROWS);
  },
  1_200_000,
);
