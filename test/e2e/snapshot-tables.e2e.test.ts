import { startStack } from '@sluice/local-stack';
import { afterAll, describe, expect, test } from 'vitest';
import { CapturePipeline } from '../harness/pipelines/capture-pipeline.ts';
import { compareBags, SAME } from '../harness/records/row-history.ts';
import { testScope } from '../harness/scope.ts';
import { SourceDatabase } from '../harness/pipelines/source-database.ts';
import { SteadyWriter } from '../harness/workloads/steady-writer.ts';
import { newestByKey, readRows, type RowRecord } from '../harness/records/table-records.ts';

const stack = await startStack({ servers: ['kafka', 'mysql', 'mariadb'] });
afterAll(() => stack.stop());

const TABLES = Array.from({ length: 20 }, (_, place) => `t${place}`);
const WRITTEN = ['t0', 't19'];
/** The writer's own ids begin at 10 and go up: these stay below or far above. */
const FIRST_ID = 1_000_000;
const ROWS = 400;

describe.each([stack.mysql, stack.mariadb])('$flavour', (server) => {
  test('the first snapshot of 20 tables runs while streaming goes on', async () => {
    const scope = testScope();
    const database = await SourceDatabase.create(scope, server, 'twenty');
    for (const table of TABLES) await fill(database, table);
    const sections = { snapshot: { chunkRows: 20 }, topics: { partitions: 2 } };
    const pipeline = await CapturePipeline.create(scope, {
      database,
      brokers: stack.kafka.brokers,
      sections,
    });
    const writer = new SteadyWriter(database, WRITTEN);
    const capture = await pipeline.start();
    await pipeline.snapshotDone(capture, TABLES);
    await writer.stop();
    await database.run('INSERT INTO t0 VALUES (1, 1)', 'INSERT INTO t19 VALUES (1, 1)');
    for (const table of WRITTEN) await pipeline.arrived(capture, table, '{"id":1}');
    await capture.stop();

    const all: RowRecord[] = [];
    for (const table of TABLES) {
      const records = await readRows(pipeline.reader, pipeline.topic(table));
      all.push(...records);
      const alive = [...newestByKey(records).values()].flatMap(({ payload: { after } }) =>
        after === null ? [] : [JSON.stringify(after)],
      );
      const source = await database.rows(`SELECT id, version FROM ${table}`);
      const wanted = source.map((row) => JSON.stringify(row));
      expect({ table, ...compareBags(alive, wanted) }).toEqual({ table, ...SAME });
    }
    const captured = (isSnapshot: boolean): number[] =>
      all
        .filter(({ payload }) => (payload.operation === 'SNAPSHOT') === isSnapshot)
        .map(({ payload }) => payload.metadata.captured_at);
    const lastOfSnapshot = captured(true).reduce((last, at) => Math.max(last, at), 0);
    expect(captured(false).filter((at) => at < lastOfSnapshot).length).toBeGreaterThan(0);
  });
});

async function fill(database: SourceDatabase, table: string): Promise<void> {
  const values = Array.from({ length: ROWS }, (_, row) => `(${FIRST_ID + row}, 1)`);
  await database.run(
    `CREATE TABLE ${table} (id INT NOT NULL PRIMARY KEY, version INT NOT NULL)`,
    `INSERT INTO ${table} VALUES ${values.join(',')}`,
  );
}
