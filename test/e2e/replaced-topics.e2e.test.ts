import { startStack } from '@sluice/local-stack';
import { afterAll, expect, test } from 'vitest';
import { eventually } from '../harness/eventually.ts';
import { testScope } from '../harness/scope.ts';
import { SINK_SERVICES, SinkPipeline, type PipelineProcess } from '../harness/pipelines/sink-pipeline.ts';
import { hasArrived, readEnvelopes } from '../harness/records/table-records.ts';

const stack = await startStack({ servers: ['kafka', 'mysql', 'target-mysql', 'redis', 'elasticsearch'] });
afterAll(() => stack.stop());

const ROWS = 60;

test('sinks become equal when a topic is deleted and grows past the place where they were, running or stopped', async () => {
  const pipeline = await SinkPipeline.withTables(testScope(), stack, 'replaced', [
    'CREATE TABLE items (id INT NOT NULL PRIMARY KEY, v INT NOT NULL)',
    `INSERT INTO items VALUES ${rowsFrom(1, ROWS)}`,
  ]);
  const { admin, database } = pipeline;
  const topic = pipeline.topic('items');
  const [, , , mysql] = await pipeline.start('capture', ...SINK_SERVICES);
  await pipeline.converged();

  await admin.deleteTopics({ topics: [topic] });
  await database.run(
    'UPDATE items SET v = 1 WHERE id % 3 = 0',
    'DELETE FROM items WHERE id = 10',
    `INSERT INTO items VALUES ${rowsFrom(101, 130)}`,
  );
  await eventually('the table to be read once more', () => isReadAgain(pipeline));
  await pipeline.converged();
  await whole(mysql as PipelineProcess);

  await (mysql as PipelineProcess).process.stop();
  await admin.deleteTopics({ topics: [topic] });
  await eventually('the table to be read once more', () => isReadAgain(pipeline));
  for (let step = 2; step < 8; step++) await database.run(`UPDATE items SET v = ${step} WHERE id > 20`);
  await database.run('DELETE FROM items WHERE id = 11', 'INSERT INTO items VALUES (1000, 0)');
  await eventually('the last row', () => hasArrived(pipeline.reader, topic, '{"id":1000}'));
  const [again] = await pipeline.start('sink-mysql');
  await pipeline.converged();
  await whole(again as PipelineProcess);
  const told = again?.process.log.find(({ event }) => event === 'consumer.topics_replaced');
  expect(told).toMatchObject({ level: 'warn', topics: [topic] });
});

function rowsFrom(first: number, last: number): string {
  return Array.from({ length: last - first + 1 }, (_, index) => `(${first + index}, 0)`).join(', ');
}

async function isReadAgain(pipeline: SinkPipeline): Promise<boolean> {
  const records = await readEnvelopes(pipeline.reader, pipeline.topic('items'));
  return records.some(
    ({ envelope: { payload } }) => 'phase' in payload && payload.phase === 'end' && payload.reconcile,
  );
}

/** A snapshot has brought what was lost with the topic. */
async function whole(sink: PipelineProcess): Promise<void> {
  await eventually('the sink to lack nothing', async () => {
    const { incomplete } = (await sink.process.status()) as { readonly incomplete: readonly unknown[] };
    return incomplete.length === 0;
  });
}
