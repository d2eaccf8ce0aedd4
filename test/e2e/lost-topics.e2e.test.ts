import { startStack } from '@sluice/local-stack';
import type { Admin } from 'kafkajs';
import { afterAll, expect, test } from 'vitest';
import { CapturePipeline } from '../harness/pipelines/capture-pipeline.ts';
import { eventually } from '../harness/eventually.ts';
import { connectedAdmin, makeTopic, topicLikeCapture } from '../harness/records/kafka-topics.ts';
import { testScope } from '../harness/scope.ts';
import { SourceDatabase } from '../harness/pipelines/source-database.ts';
import { readEnvelopes, readRows, type EnvelopeRecord } from '../harness/records/table-records.ts';

const stack = await startStack({ servers: ['kafka', 'mysql'] });
afterAll(() => stack.stop());

const PARTITIONS = 2;
const ROWS = 5;

test('tables whose topics were deleted, or made again by somebody else, are told and read once more', async () => {
  const scope = testScope();
  const database = await SourceDatabase.create(scope, stack.mysql, 'lost');
  for (const table of ['kept', 'deleted', 'emptied'])
    await database.run(
      `CREATE TABLE ${table} (id INT NOT NULL PRIMARY KEY)`,
      `INSERT INTO ${table} VALUES (1), (2), (3), (4)`,
    );
  const { brokers } = stack.kafka;
  const sections = { topics: { partitions: PARTITIONS } };
  const pipeline = await CapturePipeline.create(scope, { database, brokers, sections });
  const first = await pipeline.start();
  await pipeline.snapshotDone(first, ['kept', 'deleted', 'emptied']);
  await first.stop();
  const kept = await readEnvelopes(pipeline.reader, pipeline.topic('kept'));

  const admin = await connectedAdmin(scope, brokers);
  await deleteTopics(admin, [pipeline.topic('deleted'), pipeline.topic('emptied')]);
  await makeTopic(admin, topicLikeCapture(pipeline.topic('emptied'), PARTITIONS));
  // The first that a sink sees of it must be the table, and not this row.
  await database.run('INSERT INTO deleted VALUES (5)', 'INSERT INTO emptied VALUES (5)');
  const second = await pipeline.start();
  const said = second.log.find(({ event }) => event === 'capture.topics_lost') as
    { tables?: unknown } | undefined;
  expect(said?.tables).toEqual([`${database.name}.deleted`, `${database.name}.emptied`]);
  for (const table of ['deleted', 'emptied']) {
    await eventually(`the end of a snapshot that reconciles ${table}`, () => hasReconciled(pipeline, table));
    const rows = await readRows(pipeline.reader, pipeline.topic(table));
    expect(new Set(rows.map(({ key }) => key)).size).toBe(ROWS);
    const records = await readEnvelopes(pipeline.reader, pipeline.topic(table));
    for (let partition = 0; partition < PARTITIONS; partition++)
      expect(records.find((record) => record.partition === partition)?.key).toBe('{"$sluice":"schema"}');
  }
  await second.stop();
  // The others have nothing twice, and a start that finds everything has nothing to say.
  expect(await readEnvelopes(pipeline.reader, pipeline.topic('kept'))).toHaveLength(kept.length);
  const third = await pipeline.start();
  expect(third.log.some(({ event }) => event === 'capture.topics_lost')).toBe(false);
  await third.stop();

  // Where no topic has to be made, nothing is published before the tables are told.
  const began = Date.now();
  await deleteTopics(admin, [pipeline.topic('emptied')]);
  await makeTopic(admin, topicLikeCapture(pipeline.topic('emptied'), PARTITIONS));
  await pipeline.start();
  const told = (): Promise<EnvelopeRecord[]> => readEnvelopes(pipeline.reader, pipeline.topic('emptied'));
  await eventually('the first record', async () => (await told()).length > 0);
  // By their time Kafka takes records away.
  expect((await told())[0]?.record.timestamp).toBeGreaterThan(began);
});

async function deleteTopics(admin: Admin, topics: string[]): Promise<void> {
  await admin.deleteTopics({ topics });
  await eventually('the topics to be gone', async () => {
    const names = await admin.listTopics();
    return topics.every((topic) => !names.includes(topic));
  });
}

async function hasReconciled(pipeline: CapturePipeline, table: string): Promise<boolean> {
  const records = await readEnvelopes(pipeline.reader, pipeline.topic(table));
  const ends = records.filter(
    ({ envelope: { payload } }) => 'phase' in payload && payload.phase === 'end' && payload.reconcile,
  );
  return ends.length === PARTITIONS;
}
