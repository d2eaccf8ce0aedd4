import { setTimeout as delay } from 'node:timers/promises';
import { startStack, type MysqlServer } from '@sluice/local-stack';
import { afterAll, describe, expect, test } from 'vitest';
import { CapturePipeline } from '../harness/pipelines/capture-pipeline.ts';
import { LEDGER_TABLES, LedgerWorkload } from '../harness/workloads/ledger-workload.ts';
import type { LedgerTotals } from '../harness/workloads/ledger-writer.ts';
import { expectExactlyOnce } from '../harness/workloads/ledger-history.ts';
import { testScope } from '../harness/scope.ts';
import { announceSeed, SeededRandom } from '@sluice/seeded-random';
import { testSize } from '../harness/test-size.ts';
import type { ServiceProcess } from '../harness/processes/service-process.ts';
import { SourceDatabase } from '../harness/pipelines/source-database.ts';

const stack = await startStack({ servers: ['kafka', 'mysql', 'mariadb'] });
afterAll(() => stack.stop());

/** `npm run test:kills` for more of both. */
const sizes: readonly [MysqlServer, number, number][] = [
  [stack.mysql, testSize('SLUICE_E2E_KILLS', 6), testSize('SLUICE_E2E_ROWS', 15_000)],
  [stack.mariadb, testSize('SLUICE_E2E_MARIADB_KILLS', 6), testSize('SLUICE_E2E_MARIADB_ROWS', 15_000)],
];

describe.each(sizes)('$flavour', (server, kills, rows) => {
  test(`kill -9 ${kills} times during ${rows} rows loses nothing and repeats nothing`, async () => {
    const seed = announceSeed(`capture killed, ${server.flavour}`);
    const random = new SeededRandom(seed);
    const scope = testScope();
    const database = await SourceDatabase.create(scope, server, 'killed');
    await database.run(...LEDGER_TABLES);
    // Small Kafka transactions: kills find some of them open, and large source transactions split over several.
    const capture = { flushRows: 5 };
    const pipeline = await CapturePipeline.create(scope, {
      database,
      brokers: stack.kafka.brokers,
      sections: { capture },
    });
    await takeEmptySnapshot(pipeline);
    const workload = await LedgerWorkload.start(database, new SeededRandom(seed + 1), {
      writers: 4,
      rows,
      rowsPerSecond: rows / (kills * EXPECTED_LIFE_SECONDS),
    });
    const begun = performance.now();
    const lives = await killAgainAndAgain(pipeline, workload, random, kills);
    const totals = await finishAll(pipeline, workload, pipeline.launch());
    report(server.flavour, lives, totals, performance.now() - begun);
    await expectExactlyOnce(pipeline, totals);
  }, 480_000);
});

const EXPECTED_LIFE_SECONDS = 2.5;

/** With nothing left to snapshot every row of the workload comes through the stream, and once. */
async function takeEmptySnapshot(pipeline: CapturePipeline): Promise<void> {
  const capture = await pipeline.start();
  await pipeline.snapshotDone(capture, ['ledger', 'marker', 'end_mark']);
  // Nothing is durable because it was tried: the checkpoint that says so is written while it stops, at the latest.
  expect(await capture.stop()).toMatchObject({ code: 0 });
}

interface Lives {
  readonly whileStarting: number;
  readonly whileStreaming: number;
}

/** Kills at random moments: a fifth of them anywhere in the start, the rest within a second of streaming. */
async function killAgainAndAgain(
  pipeline: CapturePipeline,
  workload: LedgerWorkload,
  random: SeededRandom,
  kills: number,
): Promise<Lives> {
  const begun = performance.now();
  let whileStreaming = 0;
  for (let kill = 0; kill < kills; kill++) {
    const capture = pipeline.launch();
    const inStart = random.chance(0.2);
    if (!inStart) {
      await capture.ready();
      whileStreaming++;
    }
    await delay(random.integer(0, inStart ? 1500 : 1000));
    await capture.kill();
    const secondsPerLife = (performance.now() - begun) / 1000 / (kill + 1);
    workload.pace(Math.max(100, workload.rowsLeft / (Math.max(1, kills - kill - 1) * secondsPerLife)));
  }
  return { whileStreaming, whileStarting: kills - whileStreaming };
}

/** Writes the rest, waits until this capture has published it, and stops it. */
async function finishAll(
  pipeline: CapturePipeline,
  workload: LedgerWorkload,
  capture: ServiceProcess,
): Promise<LedgerTotals> {
  const totals = await workload.finish();
  await capture.ready();
  await pipeline.database.run('INSERT INTO end_mark VALUES (1)');
  await pipeline.arrived(capture, 'end_mark', '{"id":1}', 120_000);
  expect(await capture.stop()).toMatchObject({ code: 0 });
  return totals;
}

function report(flavour: string, lives: Lives, totals: LedgerTotals, milliseconds: number): void {
  const { rows, transactions, keyChanges } = totals;
  process.stderr.write(
    `${flavour}: ${lives.whileStreaming} kills while streaming, ${lives.whileStarting} while starting; ` +
      `${rows} rows in ${transactions} transactions, ${keyChanges} key changes; ${Math.round(milliseconds / 1000)} s\n`,
  );
}
