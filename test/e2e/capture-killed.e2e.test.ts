import { hostname } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { checkpointsTopic } from '@sluice/envelope';
import { startStack, type MysqlServer } from '@sluice/local-stack';
import { afterAll, describe, expect, test } from 'vitest';
import { CapturePipeline } from '../harness/capture-pipeline.ts';
import { LEDGER_TABLES, LedgerWorkload } from '../harness/ledger-workload.ts';
import type { LedgerTotals } from '../harness/ledger-writer.ts';
import { compareBags, duplicateSequences, followKeys, SAME } from '../harness/row-history.ts';
import { testScope } from '../harness/scope.ts';
import { announceSeed, SeededRandom } from '@sluice/seeded-random';
import { testSize } from '../harness/test-size.ts';
import type { ServiceProcess } from '../harness/service-process.ts';
import { SourceDatabase } from '../harness/source-database.ts';
import { readSettledRows, type RowRecord } from '../harness/table-records.ts';

const stack = await startStack({ servers: ['kafka', 'mysql', 'mariadb'] });
afterAll(() => stack.stop());

const sizes: readonly [MysqlServer, number, number][] = [
  [stack.mysql, testSize('SLUICE_E2E_KILLS', 20), testSize('SLUICE_E2E_ROWS', 50_000)],
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

  test('a second capture takes over from the first: one goes on, nothing is lost or repeated', async () => {
    const random = new SeededRandom(announceSeed(`capture taken over, ${server.flavour}`));
    const scope = testScope();
    const database = await SourceDatabase.create(scope, server, 'taken');
    await database.run(...LEDGER_TABLES);
    // Two configurations of one pipeline, each with ports of its own.
    const options = { database, brokers: stack.kafka.brokers, sections: { capture: { flushRows: 5 } } };
    const pipeline = await CapturePipeline.create(scope, options);
    const rival = await CapturePipeline.create(scope, options);
    await takeEmptySnapshot(pipeline);
    const workload = await LedgerWorkload.start(database, random, {
      writers: 4,
      rows: 1,
      rowsPerSecond: 1500,
    });
    let [leader, idle] = [{ side: pipeline, capture: await pipeline.start() }, rival];
    for (let takeover = 1; takeover <= TAKEOVERS; takeover++) {
      await delay(random.integer(0, 500));
      const challenger = { side: idle, capture: idle.launch() };
      const loser = await Promise.race(
        [leader, challenger].map((each) => each.capture.ended.then(() => each)),
      );
      expect(await loser.capture.ended).toEqual({ code: 70, signal: null });
      const { code, message } = loser.capture.log.at(-1)?.err ?? {};
      expect(code).toBe('KAFKA_FENCED');
      expect(message).toContain(
        `has taken over: on ${hostname()}, process ${challenger.capture.pid}, which has run since 2`,
      );
      // It never takes the turn back, which would stop both again and again.
      expect(loser).toBe(leader);
      leader = challenger;
      idle = loser.side;
      await leader.capture.ready();
    }
    const totals = await finishAll(pipeline, workload, leader.capture);
    await expectExactlyOnce(pipeline, totals);
  });
});

const EXPECTED_LIFE_SECONDS = 2.5;
const TAKEOVERS = 3;

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

async function expectExactlyOnce(pipeline: CapturePipeline, totals: LedgerTotals): Promise<void> {
  const { database, reader } = pipeline;
  const markers = await readSettledRows(reader, pipeline.topic('marker'));
  const ledger = await readSettledRows(reader, pipeline.topic('ledger'));
  expect(duplicateSequences([...markers, ...ledger])).toEqual([]);

  const written = await database.rows('SELECT id, writer FROM marker');
  const arrived = markers.map(({ payload }) => JSON.stringify(payload.after));
  expect(
    compareBags(
      arrived,
      written.map((row) => JSON.stringify(row)),
    ),
  ).toEqual(SAME);
  expect(arrived.length).toBe(totals.markers);

  const { breaks, alive } = followKeys(ledger);
  expect(breaks).toEqual([]);
  expect(countOperations(ledger)).toEqual({
    INSERT: totals.inserts + totals.keyChanges,
    UPDATE: totals.updates,
    DELETE: totals.deletes + totals.keyChanges,
  });
  const rows = await database.rows('SELECT id, version, writer, body FROM ledger');
  expect(
    compareBags(
      [...alive.values()],
      rows.map((row) => JSON.stringify(row)),
    ),
  ).toEqual(SAME);
  expect(await fallingCheckpoints(pipeline)).toEqual([]);
}

function countOperations(records: readonly RowRecord[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { payload } of records) counts[payload.operation] = (counts[payload.operation] ?? 0) + 1;
  return counts;
}

/** Checkpoints whose highest sequence is below that of the one before. */
async function fallingCheckpoints({ reader, name }: CapturePipeline): Promise<string[]> {
  const falling: string[] = [];
  let highest = '';
  await reader.readTopic(checkpointsTopic(name), {}, ({ value }) => {
    const { checkpoint } = JSON.parse(String(value)) as { checkpoint: { highest: string } };
    if (checkpoint.highest < highest) falling.push(`${checkpoint.highest} after ${highest}`);
    highest = checkpoint.highest;
  });
  return falling;
}

function report(flavour: string, lives: Lives, totals: LedgerTotals, milliseconds: number): void {
  const { rows, transactions, keyChanges } = totals;
  process.stderr.write(
    `${flavour}: ${lives.whileStreaming} kills while streaming, ${lives.whileStarting} while starting; ` +
      `${rows} rows in ${transactions} transactions, ${keyChanges} key changes; ${Math.round(milliseconds / 1000)} s\n`,
  );
}
