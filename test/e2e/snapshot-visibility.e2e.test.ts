import { startStack } from '@sluice/local-stack';
import { describe, expect, test } from 'vitest';
import { CapturePipeline, type CaptureStatus } from '../harness/pipelines/capture-pipeline.ts';
import { COUNTER_TABLE, CounterWriters, fillCounters } from '../harness/workloads/counter-writers.ts';
import { eventually } from '../harness/eventually.ts';
import { ownServers } from '../harness/pipelines/own-servers.ts';
import { compareBags, SAME } from '../harness/records/row-history.ts';
import { fileScope, testScope, type Scope } from '../harness/scope.ts';
import { announceSeed, SeededRandom } from '@sluice/seeded-random';
import { testSize } from '../harness/test-size.ts';
import { SourceDatabase } from '../harness/pipelines/source-database.ts';
import { newestByKey, readEnvelopes, readRows, type RowRecord } from '../harness/records/table-records.ts';

const scope = fileScope();
const { brokers } = (await startStack({ servers: ['kafka'] })).kafka;
// MySQL: a transaction stands in the binlog for 0.2 s before anybody sees it.
const servers = await ownServers(scope, {
  mysql: ['--binlog-group-commit-sync-delay=200000'],
  mariadb: ['--sync-binlog=1'],
});

describe.each([
  { flavour: 'mysql', server: servers.mysql, rows: testSize('SLUICE_E2E_SNAPSHOT_ROWS', 96), pauseMs: 0 },
  { flavour: 'mariadb', server: servers.mariadb, rows: 400, pauseMs: 5 },
])('$flavour', ({ flavour, server, rows, pauseMs }) => {
  test('a snapshot under eight writers never puts an older row over a newer one', async () => {
    const random = new SeededRandom(announceSeed(`snapshot visibility, ${flavour}`));
    const pipeline = await counterPipeline(testScope(), { server, rows, chunkRows: 1 });
    const { database, reader } = pipeline;
    const writers = await CounterWriters.start(database, random, { writers: 8, rows, pauseMs });
    const capture = await pipeline.start();
    await pipeline.snapshotDone(capture, ['counter', 'end_mark']);
    await writers.stop();
    await database.run('INSERT INTO end_mark VALUES (1)');
    await pipeline.arrived(capture, 'end_mark', '{"id":1}');
    expect(await capture.stop()).toMatchObject({ code: 0 });

    const records = await readRows(reader, pipeline.topic('counter'));
    const newest = newestByKey(records);
    const alive = [...newest.values()].flatMap(({ payload: { after } }) =>
      after === null ? [] : [JSON.stringify(after)],
    );
    const source = await database.rows('SELECT id, version FROM counter');
    expect(fallingVersions(records)).toEqual([]);
    expect(
      compareBags(
        alive,
        source.map((row) => JSON.stringify(row)),
      ),
    ).toEqual(SAME);
    const snapshotRows = records.filter(({ payload }) => payload.operation === 'SNAPSHOT').length;
    expect(snapshotRows).toBeGreaterThan(0);
    process.stderr.write(
      `${flavour}: ${snapshotRows} rows of ${rows} by the snapshot, ${writers.transactions} transactions meanwhile\n`,
    );
  });

  test('killed during the snapshot it goes on at the last chunk', async () => {
    const all = 1800;
    const chunkRows = 5;
    const pipeline = await counterPipeline(testScope(), { server, rows: all, chunkRows });
    const first = await pipeline.start();
    await eventually('some chunks', async () => (await rowsRead(pipeline, first)) >= 60, {
      everyMs: 5,
    });
    await first.kill();
    const read = (await readRows(pipeline.reader, pipeline.topic('counter'))).length;
    expect(read).toBeLessThan(all);
    const second = await pipeline.start();
    await pipeline.snapshotDone(second, ['counter']);
    expect(await second.stop()).toMatchObject({ code: 0 });

    const records = await readEnvelopes(pipeline.reader, pipeline.topic('counter'));
    const operations = records.map(({ record }) => String(record.headers.get('operation')));
    const count = (operation: string): number => operations.filter((each) => each === operation).length;
    expect(count('SNAPSHOT')).toBeGreaterThanOrEqual(all);
    expect(count('SNAPSHOT')).toBeLessThanOrEqual(all + chunkRows);
    expect(new Set(records.map(({ key }) => key).filter((key) => key.startsWith('{"id"'))).size).toBe(all);
    // One mark of each kind in every partition: the job was not begun anew.
    expect([count('SNAPSHOT_BEGIN'), count('SNAPSHOT_END')]).toEqual([6, 6]);
  });
});

async function counterPipeline(
  within: Scope,
  options: { server: typeof servers.mysql; rows: number; chunkRows: number },
): Promise<CapturePipeline> {
  const database = await SourceDatabase.create(within, options.server, 'visible');
  await database.run(COUNTER_TABLE, 'CREATE TABLE end_mark (id INT NOT NULL PRIMARY KEY)');
  await fillCounters(database, options.rows);
  const snapshot = { chunkRows: options.chunkRows };
  return CapturePipeline.create(within, { database, brokers, sections: { snapshot } });
}

async function rowsRead(
  { database }: CapturePipeline,
  capture: { status(): Promise<unknown> },
): Promise<number> {
  const { snapshot } = (await capture.status()) as CaptureStatus;
  return snapshot[`${database.name}.counter`]?.rows ?? 0;
}

/** Follows each key along its sequences: where the version falls, or a row of a deleted version comes back. */
function fallingVersions(records: readonly RowRecord[]): string[] {
  const versions = new Map<string, number>();
  const falling: string[] = [];
  const inOrder = [...records].sort((a, b) => (a.payload.sequence < b.payload.sequence ? -1 : 1));
  for (const { key, payload } of inOrder) {
    const { operation, sequence, before, after } = payload;
    // A delete is newer than the version it deletes, and older than the next.
    const version = after === null ? Number(before?.['version']) + 0.5 : Number(after['version']);
    const known = versions.get(key) ?? 0;
    if (version < known)
      falling.push(`${key} at ${sequence}: ${operation} of version ${version} after ${known}`);
    versions.set(key, Math.max(known, version));
  }
  return falling.slice(0, 10);
}
