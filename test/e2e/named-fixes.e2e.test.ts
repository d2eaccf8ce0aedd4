import { checkpointsTopic } from '@sluice/envelope';
import { startStack } from '@sluice/local-stack';
import type { ErrorCode } from '@sluice/runtime';
import { afterAll, expect, test } from 'vitest';
import { eventually } from '../harness/eventually.ts';
import { commandsOf, fixOf, settingsOf } from '../harness/named-fixes.ts';
import { produceRecord } from '../harness/records/kafka-topics.ts';
import { testScope } from '../harness/scope.ts';
import { sluice } from '../harness/processes/sluice-command.ts';
import { SINK_SERVICES, SinkPipeline, type PipelineProcess } from '../harness/pipelines/sink-pipeline.ts';
import { newestByKey, readRows } from '../harness/records/table-records.ts';

/** Provokes errors and carries out what docs/errors.md says, in its own words. */

const stack = await startStack({ servers: ['kafka', 'mysql', 'target-mysql', 'redis', 'elasticsearch'] });
afterAll(() => stack.stop());

test('settings that a service cannot start with are corrected where the page says', async () => {
  const scope = testScope();
  const pipeline = await SinkPipeline.withTables(scope, stack, 'settings', [
    'CREATE TABLE items (id INT NOT NULL PRIMARY KEY)',
    'INSERT INTO items VALUES (1)',
  ]);
  pipeline.configure({ topics: { partitions: 1, replicationFactor: 3 } });
  const { configFile } = await pipeline.writeConfig('plan');
  const plan = await sluice(configFile, 'plan');
  expect(JSON.stringify(plan.document)).toContain('"setting":"topics.replicationFactor"');
  await endsWith(await pipeline.launch('capture'), 'PREFLIGHT_FAILED', 'topics.replicationFactor');
  pipeline.configure({ topics: { partitions: 1 } });
  const [capture] = (await pipeline.start('capture')) as [PipelineProcess];
  const redisUrl = new URL(stack.redis.url);
  redisUrl.username = 'nobody';
  redisUrl.password = 'wrong';
  await endsWith(
    await pipeline.launch('sink-redis', { url: redisUrl.href }),
    'PREFLIGHT_FAILED',
    'sinks.redis.url',
  );
  await endsWith(
    await pipeline.launch('sink-mysql', { password: 'wrong' }),
    'PREFLIGHT_FAILED',
    'sinks.mysql.password',
  );
  const port = Number(new URL(capture.opsUrl).port);
  await endsWith(await pipeline.launch('sink-redis', { ops: { port } }), 'OPS_PORT_TAKEN', 'ops');
  await pipeline.start(...SINK_SERVICES);
  await pipeline.converged();
});

test('capture that has stopped for good begins anew by the command of the page', async () => {
  const scope = testScope();
  const pipeline = await SinkPipeline.withTables(scope, stack, 'anew', [
    'CREATE TABLE items (id INT NOT NULL PRIMARY KEY, v INT NOT NULL, w INT NOT NULL DEFAULT 0)',
    'INSERT INTO items (id, v) VALUES (1, 0), (2, 0), (3, 0)',
  ]);
  const { admin, database, name } = pipeline;
  const sections = { topics: { partitions: 1 } };
  pipeline.configure(sections);
  let [capture] = (await pipeline.start('capture')) as [PipelineProcess];
  const provoke: readonly [ErrorCode, () => Promise<void>][] = [
    [
      'BINLOG_ROW_IMAGE_NOT_FULL',
      () =>
        database.run(
          "SET SESSION binlog_row_image = 'MINIMAL'",
          'UPDATE items SET v = v + 1',
          "SET SESSION binlog_row_image = 'FULL'",
        ),
    ],
    [
      'CHECKPOINT_CORRUPT',
      async () => {
        await capture.process.stop();
        await produceRecord(scope, stack.kafka.brokers, {
          topic: checkpointsTopic(name),
          key: name,
          value: '{"checkpoint":{},"checksum":"x"}',
        });
        capture = await pipeline.launch('capture');
      },
    ],
    [
      'CHECKPOINT_MISSING',
      async () => {
        await capture.process.stop();
        await admin.deleteTopics({ topics: [checkpointsTopic(name)] });
        capture = await pipeline.launch('capture');
      },
    ],
    [
      'CONFIG_CHANGED',
      async () => {
        await capture.process.stop();
        pipeline.configure({ ...sections, tables: { [`${name}.items`]: { where: 'id > 0' } } });
        capture = await pipeline.launch('capture');
      },
    ],
  ];
  for (const [code, happen] of provoke) {
    await allRowsIn(pipeline);
    await happen();
    await endsWith(capture, code);
    const command = commandsOf(fixOf(code)).find((text) => text.startsWith('sluice capture ')) ?? '';
    const args = command.split(' ').slice(2);
    expect(args[0]).toBe('--accept');
    await database.run('UPDATE items SET w = w + 1');
    capture = await pipeline.launch('capture', {}, args);
    await capture.process.ready();
  }
  await allRowsIn(pipeline);
});

/** The service ends with this error and the fix of the page; one of them names the setting. */
async function endsWith({ process }: PipelineProcess, code: ErrorCode, setting?: string): Promise<void> {
  await process.ended;
  const { err } = process.log.at(-1) ?? {};
  expect(err?.code).toBe(code);
  expect(err?.fix).toBe(fixOf(code));
  if (setting === undefined || settingsOf(fixOf(code)).includes(setting)) return;
  expect(err?.message).toContain(setting);
}

/** Resolves when the topic has the rows of the source as they are now. */
async function allRowsIn(pipeline: SinkPipeline): Promise<void> {
  await eventually('all rows as they are now', async () => {
    const rows = await readRows(pipeline.reader, pipeline.topic('items'));
    const found = [...newestByKey(rows).values()].map(({ payload }) => JSON.stringify(payload.after)).sort();
    const source = await pipeline.database.rows('SELECT id, v, w FROM items');
    return (
      found.join() ===
      source
        .map((row) => JSON.stringify(row))
        .sort()
        .join()
    );
  });
}
