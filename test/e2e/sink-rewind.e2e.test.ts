import { decisionsTopic } from '@sluice/envelope';
import { startStack } from '@sluice/local-stack';
import kafkajs from 'kafkajs';
import { afterAll, describe, expect, test } from 'vitest';
import { eventually } from '../harness/eventually.ts';
import { testScope } from '../harness/scope.ts';
import { metricSum, page } from '../harness/processes/service-pages.ts';
import {
  SINK_NAMES,
  SINK_SERVICES,
  SinkPipeline,
  type PipelineProcess,
} from '../harness/pipelines/sink-pipeline.ts';
import { sluice } from '../harness/processes/sluice-command.ts';
import { SourceDatabase } from '../harness/pipelines/source-database.ts';
import { hasArrived } from '../harness/records/table-records.ts';

const stack = await startStack({ servers: ['kafka', 'mysql', 'target-mysql', 'redis', 'elasticsearch'] });
afterAll(() => stack.stop());

interface Move {
  readonly topic: string;
  readonly partition: number;
  readonly from: string;
  readonly to: string;
  readonly records: string;
}

describe('a rewound sink', () => {
  test('reads everything once more and ends in the same state', async () => {
    const pipeline = await ledger('rewound');
    const [, ...sinks] = await pipeline.start('capture', ...SINK_SERVICES);
    await changeEverything(pipeline);
    await pipeline.converged();
    for (const [index, sink] of SINK_NAMES.entries()) {
      const { configFile, process } = sinks[index] as PipelineProcess;
      const command = `sink rewind --sink ${sink} --to beginning`;
      const running = await sluice(configFile, command, '--yes');
      expect(running).toMatchObject({ code: 1, said: expect.stringMatching(/^GROUP_ACTIVE/) as string });
      await process.stop();
      const dry = await sluice(configFile, command);
      const { moves } = dry.document as { moves: readonly Move[] };
      const records = moves.reduce((sum, each) => sum + Number(each.records), 0);
      expect(records).toBeGreaterThan(0);
      expect(dry.said).toContain(`would read ${records} records again`);
      const done = await sluice(configFile, command, '--yes', '--by', 'me');
      expect(done).toMatchObject({
        code: 0,
        said: expect.stringContaining(`"records":"${records}"`) as string,
      });
    }
    // Meanwhile the source goes on: what is new is applied, what comes again is stale.
    await pipeline.database.run("INSERT INTO ledger VALUES (500, 'new')", 'DELETE FROM ledger WHERE id = 3');
    const again = await pipeline.start(...SINK_SERVICES);
    for (const { metricsUrl, name } of again)
      await eventually(`${name} to read everything again`, () => handledAgain(metricsUrl));
    await pipeline.converged();
    const [, , mysql] = again;
    expect((mysql as PipelineProcess).process.log.some(({ event }) => event === 'sink.rewound')).toBe(true);
  });

  test('goes back to a time or an offset, and never forward', async () => {
    const pipeline = await ledger('placed');
    const [, redis] = await pipeline.start('capture', 'sink-redis');
    const { configFile, process } = redis as PipelineProcess;
    await changeEverything(pipeline);
    await eventually('the last row', () =>
      pipeline.stores.redis.exists(`${pipeline.name}.ledger:60`).then(Boolean),
    );
    await process.stop();
    const rewind = (to: string, ...more: string[]) =>
      sluice(configFile, `sink rewind --sink redis --to ${to}`, ...more);
    expect(await rewind('1d')).toMatchObject({ code: 0 });
    const all = ((await rewind('beginning')).document as { moves: readonly Move[] }).moves;
    expect(((await rewind('1d')).document as { moves: readonly Move[] }).moves).toEqual(all);
    expect((await rewind('2999-01-01T00:00:00Z')).document).toMatchObject({ moves: [] });
    const [{ topic, partition, from } = { topic: '', partition: 0, from: '' }] = all;
    const place = ['--topic', topic, '--partition', String(partition)];
    const ahead = await rewind(String(Number(from) + 5), ...place);
    expect(ahead).toMatchObject({ code: 1, said: expect.stringContaining('would skip 5 records') as string });
    expect(await rewind('3')).toMatchObject({ code: 2 });
    expect(await rewind('yesterday')).toMatchObject({ code: 2 });
    expect(await rewind('1', ...place, '--yes')).toMatchObject({ code: 0 });
    const left = ((await rewind('beginning', ...place)).document as { moves: readonly Move[] }).moves;
    expect(left).toMatchObject([{ topic, partition, from: '1', to: '0' }]);
  });
});

test('a data gap is gone over when an operator says so', async () => {
  const pipeline = await ledger('gap');
  const [, mysql] = await pipeline.start('capture', 'sink-mysql');
  const { configFile, process } = mysql as PipelineProcess;
  await pipeline.database.run("INSERT INTO ledger VALUES (1, 'read')");
  const rowsThere = async (): Promise<number> => {
    const [rows] = await pipeline.stores.target.query(
      `SELECT id FROM ${pipeline.stores.targetDatabase}.ledger`,
    );
    return (rows as readonly unknown[]).length;
  };
  await eventually('the first row', async () => (await rowsThere()) === 1);
  // The command looks at the group, which follows the target's own offsets a moment later.
  await eventually('the group to stand behind it', () => hasCommitted(pipeline));
  await process.stop();
  await pipeline.database.run(
    `INSERT INTO ledger VALUES ${Array.from({ length: 40 }, (_, index) => `(${index + 10}, 'lost ${index}')`).join()}`,
  );
  await eventually('the rows to arrive', () =>
    hasArrived(pipeline.reader, pipeline.topic('ledger'), '{"id":49}'),
  );
  await deleteRecords(pipeline);
  expect(await (await pipeline.launch('sink-mysql')).process.ended).toMatchObject({ code: 70 });
  const command = 'sink rewind --sink mysql --to beginning --yes';
  const refused = await sluice(configFile, command);
  expect(refused).toMatchObject({ code: 1, said: expect.stringContaining('deleted unread') as string });
  // Broken off where Kafka does not store the order, and given again.
  await decisionsHold(pipeline, 1);
  expect(await sluice(configFile, command, '--accept-gap')).toMatchObject({ code: 1 });
  await decisionsHold(pipeline, 1_000_000);
  expect(await sluice(configFile, command, '--accept-gap')).toMatchObject({ code: 0 });
  await pipeline.start('sink-mysql');
  await pipeline.database.run("INSERT INTO ledger VALUES (2, 'new')");
  await eventually('the newest row', async () => (await rowsThere()) === 2);
});

test('what another program passes over in the group is told, and brought by the command that is named', async () => {
  const pipeline = await ledger('passed');
  const [capture, redis] = (await pipeline.start('capture', 'sink-redis')) as [
    PipelineProcess,
    PipelineProcess,
  ];
  const { configFile, process } = redis;
  const has = (id: number): Promise<boolean> =>
    pipeline.stores.redis.exists(`${pipeline.name}.ledger:${id}`).then(Boolean);
  await pipeline.database.run("INSERT INTO ledger VALUES (1, 'read')");
  await eventually('the first row', () => has(1));
  await process.stop();
  // A rewind of our own is no such thing.
  expect(await sluice(configFile, 'sink rewind --sink redis --to 1h --yes')).toMatchObject({ code: 0 });
  const [quiet] = (await pipeline.start('sink-redis')) as [PipelineProcess];
  const incomplete = async ({ opsUrl }: PipelineProcess): Promise<readonly { readonly fix: string }[]> =>
    ((await page(`${opsUrl}/status`)).body as { incomplete: readonly { readonly fix: string }[] }).incomplete;
  expect(await incomplete(quiet)).toEqual([]);
  await quiet.process.stop();

  await pipeline.database.run("INSERT INTO ledger VALUES (2, 'passed over'), (3, 'as well')");
  await eventually('the rows to arrive', () =>
    hasArrived(pipeline.reader, pipeline.topic('ledger'), '{"id":3}'),
  );
  await moveToEnd(pipeline, 'redis');
  const [moved] = (await pipeline.start('sink-redis')) as [PipelineProcess];
  const [shortfall] = await eventually('the table to be told', async () => {
    const found = await incomplete(moved);
    return found.length > 0 && found;
  });
  expect(moved.process.log.map(({ event }) => event)).toContain('consumer.offsets_moved');
  expect([await has(2), await has(3)]).toEqual([false, false]);
  const [, command = ''] = /^Run: sluice (.*)$/u.exec(shortfall?.fix ?? '') ?? [];
  expect(await sluice(capture.configFile, command)).toMatchObject({ code: 0 });
  await eventually('the table to be whole', async () => (await incomplete(moved)).length === 0);
  expect([await has(2), await has(3)]).toEqual([true, true]);
});

/** As `kafka-consumer-groups --reset-offsets --to-latest` does. */
async function moveToEnd(pipeline: SinkPipeline, sink: string): Promise<void> {
  const topic = pipeline.topic('ledger');
  const marks = await pipeline.admin.fetchTopicOffsets(topic);
  const partitions = marks.map(({ partition, high }) => ({ partition, offset: high }));
  await pipeline.admin.setOffsets({ groupId: `${pipeline.name}.${sink}`, topic, partitions });
}

async function hasCommitted(pipeline: SinkPipeline): Promise<boolean> {
  const [groupId, topics] = [`${pipeline.name}.mysql`, [pipeline.topic('ledger')]];
  const groups = await pipeline.admin.fetchOffsets({ groupId, topics });
  return groups.some(({ partitions }) => partitions.some(({ offset }) => Number(offset) > 0));
}

async function deleteRecords(pipeline: SinkPipeline): Promise<void> {
  const { admin } = pipeline;
  const name = pipeline.topic('ledger');
  const marks = await admin.fetchTopicOffsets(name);
  const partitions = marks.map(({ partition, high }) => ({ partition, offset: high }));
  await admin.deleteTopicRecords({ topic: name, partitions });
}

/** @param bytes of a batch that the topic of the sink's decisions takes at most */
async function decisionsHold({ admin, name }: SinkPipeline, bytes: number): Promise<void> {
  const configEntries = [
    { name: 'cleanup.policy', value: 'compact' },
    { name: 'max.message.bytes', value: String(bytes) },
  ];
  const topic = {
    type: kafkajs.ConfigResourceTypes.TOPIC,
    name: decisionsTopic(name, 'mysql'),
    configEntries,
  };
  await admin.alterConfigs({ validateOnly: false, resources: [topic] });
}

async function ledger(stem: string): Promise<SinkPipeline> {
  const scope = testScope();
  const database = await SourceDatabase.create(scope, stack.mysql, stem);
  await database.run('CREATE TABLE ledger (id INT NOT NULL PRIMARY KEY, note VARCHAR(40) UNIQUE)');
  return SinkPipeline.create(scope, { stack, database });
}

/** Inserts, updates, deletes, reused keys, moved keys, values that change places under a unique key, and a truncate. */
async function changeEverything({ database }: SinkPipeline): Promise<void> {
  const values = Array.from({ length: 60 }, (_, index) => `(${index + 1}, 'note ${index + 1}')`).join(', ');
  await database.run(
    `INSERT INTO ledger VALUES ${values}`,
    'TRUNCATE ledger',
    `INSERT INTO ledger VALUES ${values}`,
    'DELETE FROM ledger WHERE id <= 10',
    "INSERT INTO ledger SELECT id - 50, CONCAT('again ', id) FROM ledger WHERE id BETWEEN 51 AND 55",
    'UPDATE ledger SET id = id + 100 WHERE id BETWEEN 20 AND 24',
    "UPDATE ledger SET note = 'between' WHERE id = 30",
    "UPDATE ledger SET note = 'note 30' WHERE id = 31",
    "UPDATE ledger SET note = 'note 31' WHERE id = 30",
  );
}

async function handledAgain(metricsUrl: string): Promise<boolean> {
  const { text } = await page(metricsUrl);
  const stale = metricSum(text, 'cdc_sink_records_total', { result: 'stale' });
  const superseded = metricSum(text, 'cdc_sink_records_total', { result: 'superseded' });
  return stale + superseded >= 60;
}
