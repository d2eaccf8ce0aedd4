import { startStack } from '@sluice/local-stack';
import type { Trouble } from '@sluice/runtime';
import type { Admin } from 'kafkajs';
import { expect, test } from 'vitest';
import { CapturePipeline } from '../harness/pipelines/capture-pipeline.ts';
import { eventually } from '../harness/eventually.ts';
import { connectedAdmin, makeTopic, topicLikeCapture } from '../harness/records/kafka-topics.ts';
import { testScope } from '../harness/scope.ts';
import type { ServiceProcess } from '../harness/processes/service-process.ts';
import { SourceDatabase } from '../harness/pipelines/source-database.ts';
import { readRows } from '../harness/records/table-records.ts';

const stack = await startStack({ servers: ['kafka', 'mysql'] });
const { brokers } = stack.kafka;
const NOTICED_MS = 10_000;

test('topics that were deleted are named within 10 s and made again, whether rows come for them or not', async () => {
  const scope = testScope();
  const database = await SourceDatabase.create(scope, stack.mysql, 'topic_deleted');
  for (const table of ['quiet', 'busy', 'other'])
    await database.run(
      `CREATE TABLE ${table} (id INT NOT NULL PRIMARY KEY)`,
      `INSERT INTO ${table} VALUES (0)`,
    );
  const pipeline = await CapturePipeline.create(scope, { database, brokers });
  const admin = await connectedAdmin(scope, brokers);
  const capture = await pipeline.start();
  await pipeline.snapshotDone(capture, ['quiet', 'busy', 'other']);

  await admin.deleteTopics({ topics: [pipeline.topic('quiet')] });
  await expectNamed(capture, pipeline.topic('quiet'));
  await expectOver(capture);
  await admin.deleteTopics({ topics: [pipeline.topic('busy')] });
  await database.run('INSERT INTO busy VALUES (1)', 'INSERT INTO other VALUES (1)');
  await expectNamed(capture, pipeline.topic('busy'));

  await database.run(
    'INSERT INTO quiet VALUES (2)',
    'INSERT INTO busy VALUES (2)',
    'INSERT INTO other VALUES (2)',
  );
  for (const table of ['quiet', 'busy', 'other'])
    await eventually(`the rows of ${table}, those of before too`, async () => {
      const rows = await readRows(pipeline.reader, pipeline.topic(table));
      const keys = new Set(rows.map(({ key }) => key));
      return keys.has('{"id":0}') && keys.has('{"id":2}');
    });
  await expectOver(capture);

  // Between two looks: nothing but its id tells that it is another one.
  await makeAgain(admin, pipeline.topic('quiet'));
  await database.run('INSERT INTO quiet VALUES (3)');
  await eventually('the rows of before in the topic that was made again', async () => {
    const rows = await readRows(pipeline.reader, pipeline.topic('quiet'));
    const keys = new Set(rows.map(({ key }) => key));
    return ['{"id":0}', '{"id":2}', '{"id":3}'].every((key) => keys.has(key));
  });
  await expectOver(capture);
  expect(await capture.get('/health')).toMatchObject({
    ready: true,
    components: { kafka: { status: 'ok' } },
  });
});

async function expectNamed(capture: ServiceProcess, topic: string): Promise<void> {
  const named = await eventually(
    `the status to name ${topic}`,
    async () => {
      const error = await lastError(capture);
      return error?.message.includes(topic) === true && error;
    },
    { timeoutMs: NOTICED_MS },
  );
  expect(named.code).toBe('KAFKA_TOPIC_MISSING');
}

async function expectOver(capture: ServiceProcess): Promise<void> {
  const over = await eventually('the error to be over', async () => {
    const error = await lastError(capture);
    return typeof error?.resolvedAt === 'string' && error;
  });
  expect(over.code).toBe('KAFKA_TOPIC_MISSING');
}

async function lastError(capture: ServiceProcess): Promise<Trouble | null> {
  const { lastError } = (await capture.status()) as { readonly lastError: Trouble | null };
  return lastError;
}

async function makeAgain(admin: Admin, topic: string): Promise<void> {
  const { topics } = await admin.fetchTopicMetadata({ topics: [topic] });
  const again = topicLikeCapture(topic, topics[0]?.partitions.length ?? 0);
  await admin.deleteTopics({ topics: [topic] });
  await makeTopic(admin, again);
}
