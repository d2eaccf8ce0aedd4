import { startStack } from '@sluice/local-stack';
import { afterAll, describe, expect, test } from 'vitest';
import { CapturePipeline } from '../harness/capture-pipeline.ts';
import { eventually } from '../harness/eventually.ts';
import { testScope } from '../harness/scope.ts';
import { SourceDatabase } from '../harness/source-database.ts';
import { readRows } from '../harness/table-records.ts';

/** Tables that nobody can capture, made while capture runs: it says so, and the others go on. */

const stack = await startStack({ servers: ['kafka', 'mysql', 'mariadb'] });
afterAll(() => stack.stop());

describe.each([stack.mysql, stack.mariadb])('$flavour', (server) => {
  test('a table without a key is left alone until it has one', async () => {
    const scope = testScope();
    const database = await SourceDatabase.create(scope, server, 'refused');
    await database.run(
      'CREATE TABLE orders (id INT NOT NULL PRIMARY KEY, v VARCHAR(20))',
      "INSERT INTO orders VALUES (1, 'first')",
    );
    const sections = { topics: { partitions: 1 } };
    const pipeline = await CapturePipeline.create(scope, {
      database,
      brokers: stack.kafka.brokers,
      sections,
    });
    const capture = await pipeline.start();
    await pipeline.snapshotDone(capture, ['orders']);
    await database.run(
      'CREATE TABLE promoted (a INT NOT NULL, b INT, UNIQUE KEY (a))',
      'INSERT INTO promoted VALUES (1, 10)',
      'CREATE TABLE later (x INT NOT NULL)',
      'INSERT INTO later VALUES (7)',
      'CREATE TABLE quiet (x INT)',
      'ALTER TABLE orders ADD COLUMN c INT',
      "INSERT INTO orders VALUES (2, 'second', 3)",
    );
    await rowHasCome(pipeline, 'orders', '{"id":2}');
    const refused = (): Set<unknown> =>
      new Set(
        capture.log
          .filter(({ event }) => event === 'capture.table_refused')
          .map((line) => (line as { table?: unknown }).table),
      );
    await eventually('all to be named', () => refused().size === 3);
    expect(refused()).toEqual(
      new Set(['promoted', 'later', 'quiet'].map((name) => `${database.name}.${name}`)),
    );
    expect(await capture.status()).toMatchObject({
      refused: expect.arrayContaining([
        expect.objectContaining({ table: `${database.name}.quiet`, code: 'TABLE_WITHOUT_KEY' }),
      ]) as unknown,
    });
    expect(await capture.get('/health')).toMatchObject({
      status: 'degraded',
      components: { tables: { status: 'degraded', detail: '3 left alone: see /status' } },
    });

    await database.run('ALTER TABLE promoted ADD PRIMARY KEY (a)', 'ALTER TABLE later ADD PRIMARY KEY (x)');
    await pipeline.snapshotDone(capture, ['orders', 'promoted', 'later']);
    for (const [table, row] of [
      ['promoted', { a: 1, b: 10 }],
      ['later', { x: 7 }],
    ] as const) {
      const rows = await readRows(pipeline.reader, pipeline.topic(table));
      expect(rows.map(({ payload }) => payload.after)).toEqual([row]);
    }
    expect(await pipeline.topicNames()).not.toContain(pipeline.topic('quiet'));
    expect(await capture.stop()).toMatchObject({ code: 0 });

    const again = pipeline.launch();
    expect(await again.ended).toMatchObject({ code: 69 });
    expect(again.log.at(-1)?.err?.code).toBe('PREFLIGHT_FAILED');
    expect(again.output).toContain(`table ${database.name}.quiet: found no primary key`);
  });
});

async function rowHasCome(pipeline: CapturePipeline, table: string, wanted: string): Promise<void> {
  await eventually(`${wanted} in ${table}`, async () => {
    const rows = await readRows(pipeline.reader, pipeline.topic(table));
    return rows.some(({ key }) => key === wanted);
  });
}
