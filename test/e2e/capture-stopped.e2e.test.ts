import { checkpointsTopic } from '@sluice/envelope';
import { startStack } from '@sluice/local-stack';
import { describe, expect, test } from 'vitest';
import { CapturePipeline, type CaptureStatus } from '../harness/capture-pipeline.ts';
import { eventually } from '../harness/eventually.ts';
import { LEDGER_TABLES, LedgerWorkload } from '../harness/ledger-workload.ts';
import { compareBags, duplicateSequences, followKeys, SAME } from '../harness/row-history.ts';
import { testScope } from '../harness/scope.ts';
import { announceSeed, SeededRandom } from '../harness/seeded-random.ts';
import type { ServiceProcess } from '../harness/service-process.ts';
import { SourceDatabase } from '../harness/source-database.ts';
import { readRows } from '../harness/table-records.ts';

const stack = await startStack({ servers: ['kafka', 'mysql', 'mariadb'] });
const STOPS = 3;

describe.each(['mysql', 'mariadb'] as const)('%s', (flavour) => {
  test('SIGTERM under load ends capture soon, with what it had read published, and nothing comes twice', async () => {
    const random = new SeededRandom(announceSeed(`capture stopped, ${flavour}`));
    const scope = testScope();
    const database = await SourceDatabase.create(scope, stack[flavour], 'stopped');
    await database.run(...LEDGER_TABLES);
    const pipeline = await CapturePipeline.create(scope, { database, brokers: stack.kafka.brokers });
    let capture = await pipeline.start();
    await pipeline.snapshotDone(capture, ['ledger', 'marker', 'end_mark']);
    const workload = await LedgerWorkload.start(database, random, {
      writers: 4,
      rows: 1,
      rowsPerSecond: 3000,
    });
    for (let stop = 0; stop < STOPS; stop++) {
      await stopUnderLoad(pipeline, capture);
      capture = await pipeline.start();
    }
    const totals = await workload.finish();
    await database.run('INSERT INTO end_mark VALUES (1)');
    await pipeline.arrived(capture, 'end_mark', '{"id":1}');
    expect(await capture.stop()).toMatchObject({ code: 0 });

    const markers = await readRows(pipeline.reader, pipeline.topic('marker'));
    const ledger = await readRows(pipeline.reader, pipeline.topic('ledger'));
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
});

/** What `/status` says was read before the order to stop must be in the checkpoint after it. */
async function stopUnderLoad(pipeline: CapturePipeline, capture: ServiceProcess): Promise<void> {
  const begun = await statusOf(capture);
  await eventually('rows to flow', async () => {
    const { stream } = await statusOf(capture);
    return stream.transactions > begun.stream.transactions + 20;
  });
  const { stream } = await statusOf(capture);
  const end = await capture.stop();
  expect(end).toMatchObject({ code: 0, signal: null });
  expect(end.seconds).toBeLessThan(10);
  const newest = await pipeline.reader.newestRecord(checkpointsTopic(pipeline.name), pipeline.name);
  const { checkpoint } = JSON.parse(String(newest?.value)) as {
    checkpoint: { file: string; position: number };
  };
  const place = ({ file, position }: { file: string; position: number }): string =>
    `${file}:${String(position).padStart(12, '0')}`;
  expect(place(checkpoint) >= place(stream)).toBe(true);
}

async function statusOf(capture: ServiceProcess): Promise<CaptureStatus> {
  return (await capture.status()) as CaptureStatus;
}
