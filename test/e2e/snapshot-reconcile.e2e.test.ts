import { startStack } from '@sluice/local-stack';
import { afterAll, expect, test } from 'vitest';
import { testScope } from '../harness/scope.ts';
import { SINK_NAMES, SINK_SERVICES, SinkPipeline } from '../harness/pipelines/sink-pipeline.ts';

const stack = await startStack({ servers: ['kafka', 'mysql', 'target-mysql', 'redis', 'elasticsearch'] });
afterAll(() => stack.stop());

const ROWS = 90;

test('rows that vanished unseen leave every store with a snapshot that reconciles', async () => {
  const values = Array.from({ length: ROWS }, (_, index) => `(${index + 1}, 0)`).join(',');
  const pipeline = await SinkPipeline.withTables(testScope(), stack, 'vanished', [
    'CREATE TABLE items (id INT NOT NULL PRIMARY KEY, v INT NOT NULL)',
    `INSERT INTO items VALUES ${values}`,
    'CREATE TABLE others (id INT NOT NULL PRIMARY KEY)',
    'INSERT INTO others VALUES (1)',
  ]);
  const { database, name } = pipeline;
  const [capture] = await pipeline.start('capture', ...SINK_SERVICES);
  await pipeline.converged();
  // As in a gap of the binlog: capture hears of none of it.
  await database.run(
    'SET sql_log_bin = 0',
    'DELETE FROM items WHERE id % 3 = 0',
    'UPDATE items SET v = 1 WHERE id % 3 = 1',
    'SET sql_log_bin = 1',
  );
  const { sinks } = await pipeline.compare();
  for (const sink of SINK_NAMES) expect(sinks[sink]).toMatchObject({ extra: ROWS / 3, different: ROWS / 3 });

  const wish = { tables: [`${name}.items`], reconcile: true, by: 'test' };
  expect(await capture?.process.order('/api/snapshots', wish)).toMatchObject({ status: 202 });
  await database.run('UPDATE items SET v = 2 WHERE id = 2', 'DELETE FROM items WHERE id = 4');
  await pipeline.converged();
});
