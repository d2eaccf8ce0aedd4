import { startStack } from '@sluice/local-stack';
import { describe, expect, test } from 'vitest';
import { CapturePipeline, type CaptureStatus } from '../harness/pipelines/capture-pipeline.ts';
import { eventually } from '../harness/eventually.ts';
import { LEDGER_TABLES, LedgerWorkload } from '../harness/workloads/ledger-workload.ts';
import { ownServers } from '../harness/pipelines/own-servers.ts';
import { compareBags, duplicateSequences, followKeys, SAME } from '../harness/records/row-history.ts';
import { fileScope, testScope } from '../harness/scope.ts';
import { announceSeed, SeededRandom } from '@sluice/seeded-random';
import type { ServiceProcess } from '../harness/processes/service-process.ts';
import { SourceDatabase } from '../harness/pipelines/source-database.ts';
import { hasArrived, readSettledRows } from '../harness/records/table-records.ts';

const { brokers } = (await startStack({ servers: ['kafka'] })).kafka;
// Nobody else writes here: a stranger's open transaction would keep what was read before it from being published.
const servers = await ownServers(fileScope(), { mysql: [], mariadb: [] });
const STOPS = 3;

describe.each(['mysql', 'mariadb'] as const)('%s', (flavour) => {
  test('SIGTERM under load ends capture soon, and nothing is lost or comes twice', async () => {
    const random = new SeededRandom(announceSeed(`capture stopped, ${flavour}`));
    const scope = testScope();
    const database = await SourceDatabase.create(scope, servers[flavour], 'stopped');
    await database.run(...LEDGER_TABLES);
    const pipeline = await CapturePipeline.create(scope, { database, brokers });
    let capture = await pipeline.start();
    await pipeline.snapshotDone(capture, ['ledger', 'marker', 'end_mark']);
    const workload = await LedgerWorkload.start(database, random, {
      writers: 4,
      rows: 1,
      rowsPerSecond: 3000,
    });
    for (let stop = 0; stop < STOPS; stop++) {
      await stopUnderLoad(capture);
      capture = await pipeline.start();
    }
    const totals = await workload.finish();
    await database.run('INSERT INTO end_mark VALUES (1)');
    await pipeline.arrived(capture, 'end_mark', '{"id":1}');
    expect(await capture.stop()).toMatchObject({ code: 0 });

    const markers = await readSettledRows(pipeline.reader, pipeline.topic('marker'));
    const ledger = await readSettledRows(pipeline.reader, pipeline.topic('ledger'));
    expect(duplicateSequences([...markers, ...ledger])).toEqual([]);
    expect(markers).toHaveLength(totals.markers);
    const { breaks, alive } = followKeys(ledger);
    expect(breaks).toEqual([]);
    const rows = await database.rows('SELECT id, version, writer, body FROM ledger');
    expect(
      compareBags(
        [...alive.values()],
        rows.map((row) => JSON.stringify(row)),
      ),
    ).toEqual(SAME);
  });

  test('what was read before the order to stop is published', async () => {
    const scope = testScope();
    const database = await SourceDatabase.create(scope, servers[flavour], 'drained');
    await database.run('CREATE TABLE item (id INT NOT NULL PRIMARY KEY)');
    const pipeline = await CapturePipeline.create(scope, { database, brokers });
    for (let id = 1; id <= STOPS; id++) {
      const capture = await pipeline.start();
      await pipeline.snapshotDone(capture, ['item']);
      const { transactions } = (await statusOf(capture)).stream;
      await database.run(`INSERT INTO item VALUES (${id})`);
      const isRead = async (): Promise<boolean> =>
        (await statusOf(capture)).stream.transactions > transactions;
      await eventually('the row to be read', isRead, { everyMs: 0 });
      expect(await capture.stop()).toMatchObject({ code: 0 });
      expect(await hasArrived(pipeline.reader, pipeline.topic('item'), `{"id":${id}}`)).toBe(true);
    }
  });
});

async function stopUnderLoad(capture: ServiceProcess): Promise<void> {
  const { transactions } = (await statusOf(capture)).stream;
  await eventually('rows to flow', async () => {
    return (await statusOf(capture)).stream.transactions > transactions + 20;
  });
  const end = await capture.stop();
  expect(end).toMatchObject({ code: 0, signal: null });
  expect(end.seconds).toBeLessThan(10);
}

async function statusOf(capture: ServiceProcess): Promise<CaptureStatus> {
  return (await capture.status()) as CaptureStatus;
}
