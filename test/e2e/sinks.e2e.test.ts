import { createShop, startWorkload } from '@sluice/sample-shop';
import type { TopicRecord } from '@sluice/kafka';
import { startStack } from '@sluice/local-stack';
import { quoteTable, type RowDataPacket } from '@sluice/mysql';
import { afterAll, expect, test } from 'vitest';
import type { CaptureStatus } from '../harness/pipelines/capture-pipeline.ts';
import { eventually } from '../harness/eventually.ts';
import { testScope } from '../harness/scope.ts';
import { announceSeed } from '@sluice/seeded-random';
import { hasApplied } from '../harness/processes/service-pages.ts';
import type { ServiceProcess } from '../harness/processes/service-process.ts';
import {
  SINK_NAMES,
  SINK_SERVICES,
  SinkPipeline,
  type PipelineProcess,
  type ServiceName,
  type SinkName,
} from '../harness/pipelines/sink-pipeline.ts';
import { SourceDatabase } from '../harness/pipelines/source-database.ts';
import { SteadyWriter } from '../harness/workloads/steady-writer.ts';
import { hasArrived } from '../harness/records/table-records.ts';

const stack = await startStack({ servers: ['kafka', 'mysql', 'target-mysql', 'redis', 'elasticsearch'] });
afterAll(() => stack.stop());

const EVERY_SERVICE: readonly ServiceName[] = ['capture', ...SINK_SERVICES];
const PARTITIONS = 3;
const SIZES = { customers: 200, products: 60, orders: 200, notes: 80 };

test('one bad row stops nothing: it alone becomes a dead letter', async () => {
  const pipeline = await SinkPipeline.withTables(testScope(), stack, 'bad', [
    'CREATE TABLE parcels (id INT NOT NULL PRIMARY KEY, label VARCHAR(40) NOT NULL, code VARCHAR(20) NOT NULL)',
    "INSERT INTO parcels VALUES (1, 'first', '1')",
  ]);
  const { database, stores } = pipeline;
  // Each store refuses another row: by a narrower column, by a number where a text comes, by a key of another type.
  const bad: Readonly<Record<SinkName, { id: number; code: string }>> = {
    mysql: { id: 5, code: 'MYSQL_VALUE_REFUSED' },
    elasticsearch: { id: 9, code: 'ELASTICSEARCH_DOCUMENT_REFUSED' },
    redis: { id: 13, code: 'REDIS_WRONG_TYPE' },
  };
  await stores.elasticsearch.indices.create({
    index: stores.index('parcels'),
    mappings: { properties: { code: { type: 'integer' } } },
  });
  await pipeline.start(...EVERY_SERVICE);
  await pipeline.converged();
  await stores.redis.lpush(`${pipeline.name}.parcels:${bad.redis.id}`, 'not ours');
  const copy = quoteTable(stores.targetDatabase, 'parcels');
  await stores.target.query(`ALTER TABLE ${copy} MODIFY label VARCHAR(10) NOT NULL`);

  const rows = Array.from({ length: 30 }, (_, index) => index + 2).map((id) => {
    const label = id === bad.mysql.id ? 'a text of more than ten' : `label ${id}`;
    return `(${id}, '${label}', '${id === bad.elasticsearch.id ? 'secret words' : id}')`;
  });
  await database.run(`INSERT INTO parcels VALUES ${rows.join(', ')}`);
  for (const sink of SINK_NAMES) {
    const [letter, ...others] = await eventually(`a dead letter of ${sink}`, async () => {
      const letters = await pipeline.deadLetters(sink);
      return letters.length > 0 && letters;
    });
    expect(others).toEqual([]);
    await expectLetter(pipeline, sink, letter as TopicRecord, bad[sink]);
  }
  await eventually('the neighbours in every store', async () => {
    const { sinks } = await pipeline.compare();
    return SINK_NAMES.every((sink) => {
      const { compared, different, missing, extra } = sinks[sink] ?? {};
      return compared === 31 && different === 0 && missing === 1 && extra === 0;
    });
  });

  // Once the store takes it, the row's next change heals it.
  await stores.target.query(`ALTER TABLE ${copy} MODIFY label VARCHAR(40) NOT NULL`);
  await stores.redis.del(`${pipeline.name}.parcels:${bad.redis.id}`);
  await database.run(`UPDATE parcels SET code = id + 100`);
  await pipeline.converged();
  for (const sink of SINK_NAMES) expect(await pipeline.deadLetters(sink)).toHaveLength(1);
});

/** The record as it was, the contract's headers, and the partition's offset behind it. */
async function expectLetter(
  pipeline: SinkPipeline,
  sink: SinkName,
  letter: TopicRecord,
  { id, code }: { readonly id: number; readonly code: string },
): Promise<void> {
  const topic = pipeline.topic('parcels');
  const originals: TopicRecord[] = [];
  await pipeline.reader.readTopic(topic, {}, (record) => originals.push(record));
  const original = originals.find(({ key }) => String(key) === `{"id":${id}}`) as TopicRecord;
  expect([letter.key, letter.value]).toEqual([original.key, original.value]);
  const headers = Object.fromEntries([...letter.headers].map(([name, value]) => [name, String(value)]));
  const { partition, offset } = original;
  const sequence = String(original.headers.get('sequence'));
  const time = expect.stringMatching(/^\d{13}$/) as string;
  expect(headers).toMatchObject({
    operation: 'INSERT',
    sequence,
    schema: String(original.headers.get('schema')),
    'cdc.dlq.schema': '1',
    'cdc.dlq.sink': sink,
    'cdc.dlq.topic': topic,
    'cdc.dlq.partition': String(partition),
    'cdc.dlq.offset': String(offset),
    'cdc.dlq.timestamp': String(original.timestamp),
    'cdc.dlq.group': `${pipeline.name}.${sink}`,
    'cdc.dlq.stage': 'apply',
    'cdc.dlq.error.class': 'record',
    'cdc.dlq.error.code': code,
    'cdc.dlq.attempts': expect.stringMatching(/^[1-9]\d*$/) as string,
    'cdc.dlq.first_failed_at': time,
    'cdc.dlq.failed_at': time,
    'cdc.dlq.service_version': expect.stringMatching(/^\d+\.\d+\.\d+/) as string,
    'cdc.dlq.replay_count': '0',
    'cdc.dlq.event_id': `${topic}-${partition}-${offset}`,
    'cdc.dlq.version': sequence,
    '__connect.errors.topic': topic,
    '__connect.errors.partition': String(partition),
    '__connect.errors.offset': String(offset),
    '__connect.errors.exception.class.name': code,
  });
  expect(headers['cdc.dlq.error.message']).toMatch(/.{10}/);
  expect(JSON.stringify(headers)).not.toMatch(/secret words|more than ten|not ours/);
  await eventually(`the offset of ${sink} behind the dead letter`, async () => {
    const stored = await storedOffset(pipeline, sink, topic, partition);
    return stored !== null && stored > offset;
  });
}

/** Where the sink would go on: MySQL's own offsets stand in the target. */
async function storedOffset(
  pipeline: SinkPipeline,
  sink: SinkName,
  topic: string,
  partition: number,
): Promise<bigint | null> {
  const groupId = `${pipeline.name}.${sink}`;
  if (sink === 'mysql') {
    const [rows] = await pipeline.stores.target.query<RowDataPacket[]>(
      `SELECT next_offset AS next FROM ${quoteTable(pipeline.stores.stateDatabase, 'cdc_offsets')}
       WHERE \`group\` = ? AND topic = ? AND \`partition\` = ?`,
      [groupId, topic, partition],
    );
    return rows[0] === undefined ? null : BigInt(String(rows[0]['next']));
  }
  const [offsets] = await pipeline.admin.fetchOffsets({ groupId, topics: [topic] });
  const found = offsets?.partitions.find((each) => each.partition === partition);
  return found === undefined || Number(found.offset) < 0 ? null : BigInt(found.offset);
}

test('two processes of a sink share the partitions; when one is killed the other has all', async () => {
  const pipeline = await SinkPipeline.withTables(testScope(), stack, 'shared', [
    'CREATE TABLE left_side (id INT NOT NULL PRIMARY KEY, version INT NOT NULL)',
    'CREATE TABLE right_side (id INT NOT NULL PRIMARY KEY, version INT NOT NULL)',
  ]);
  // Two tables, and the heartbeats.
  const all = 2 * PARTITIONS + 1;
  const [, ...firsts] = await pipeline.start(...EVERY_SERVICE);
  await eventually('one process to have all', () => firsts.every(({ process }) => assigned(process) === all));
  const writer = new SteadyWriter(pipeline.database, ['left_side', 'right_side']);
  const seconds = await Promise.all(SINK_SERVICES.map((name) => pipeline.launch(name)));
  await eventually('two processes to share', () =>
    firsts.every(({ process }, place) => {
      const other = seconds[place];
      const mine = assigned(process);
      const theirs = other === undefined ? 0 : assigned(other.process);
      return mine >= PARTITIONS && theirs >= PARTITIONS && mine + theirs === all;
    }),
  );
  for (const { metricsUrl } of seconds)
    await eventually('the second to apply rows', () => hasApplied(metricsUrl));
  await Promise.all(firsts.map(({ process }) => process.kill()));
  await eventually('the other to have all', () => seconds.every(({ process }) => assigned(process) === all));
  await writer.stop();
  await pipeline.converged();
  for (const sink of SINK_NAMES) expect(await pipeline.deadLetters(sink)).toEqual([]);
});

test('a table that is made while everything runs reaches every sink', async () => {
  const pipeline = await SinkPipeline.withTables(testScope(), stack, 'later', [
    'CREATE TABLE early (id INT NOT NULL PRIMARY KEY, version INT NOT NULL)',
  ]);
  await pipeline.start(...EVERY_SERVICE);
  const writer = new SteadyWriter(pipeline.database, ['early']);
  await pipeline.database.run(
    'CREATE TABLE late (code VARCHAR(20) NOT NULL, part INT NOT NULL, amount DECIMAL(10,2), PRIMARY KEY (code, part))',
    "INSERT INTO late VALUES ('a', 1, 1.50), ('a', 2, NULL), ('ü:{%}', 3, -0.01)",
    "UPDATE late SET amount = 7 WHERE code = 'a' AND part = 1",
    "DELETE FROM late WHERE code = 'a' AND part = 2",
  );
  const { rows } = await pipeline.converged(['late']);
  expect(rows).toBe(2);
  await writer.stop();
  await pipeline.converged();
});

test('sinks that are started late catch up from the start', async () => {
  const pipeline = await SinkPipeline.withTables(testScope(), stack, 'late', [
    'CREATE TABLE items (id INT NOT NULL PRIMARY KEY, version INT NOT NULL)',
    'INSERT INTO items VALUES (1, 1), (2, 1), (3, 1)',
    'CREATE TABLE emptied (id INT NOT NULL PRIMARY KEY)',
    'INSERT INTO emptied VALUES (1), (2)',
  ]);
  const [capture] = await pipeline.start('capture');
  const writer = new SteadyWriter(pipeline.database, ['items']);
  await eventually('some changes', () => writer.written > 200);
  await writer.stop();
  // Its end stands in every partition: later it would be the newest record instead of the row that is waited for.
  await eventually('the snapshot of the other table', async () => {
    const { snapshot } = (await (capture as PipelineProcess).process.status()) as CaptureStatus;
    return snapshot[`${pipeline.name}.emptied`]?.state === 'done';
  });
  await pipeline.database.run(
    'INSERT INTO emptied VALUES (3)',
    'TRUNCATE TABLE emptied',
    'INSERT INTO emptied VALUES (4)',
    'UPDATE items SET id = id + 100000 WHERE id < 20',
  );
  const topic = pipeline.topic('emptied');
  await eventually('capture to have published it', () => hasArrived(pipeline.reader, topic, '{"id":4}'));
  await pipeline.start(...SINK_SERVICES);
  await pipeline.converged();
  for (const sink of SINK_NAMES) expect(await pipeline.deadLetters(sink)).toEqual([]);
});

test('SIGTERM under load ends each service in time, and nothing is lost', async () => {
  const scope = testScope();
  const seed = announceSeed('stopped under load');
  const database = await SourceDatabase.create(scope, stack.mysql, 'stopped');
  await createShop(await database.connect(), { seed, sizes: SIZES, database: database.name });
  const pipeline = await SinkPipeline.create(scope, { stack, database });
  const running = await pipeline.start(...EVERY_SERVICE);
  const workload = startWorkload({
    source: stack.mysql,
    database: database.name,
    seed,
    sizes: SIZES,
    writers: 2,
    transactionsPerSecond: 150,
  });
  scope.defer(async () => {
    await workload.stop();
  });
  for (const { name, process } of running) {
    await workload.reached(workload.progress().changes + 300);
    const { seconds, ...end } = await process.stop();
    expect(end).toEqual({ code: 0, signal: null });
    expect(seconds).toBeLessThan(10);
    expect(process.log.at(-1)).toMatchObject({ event: 'service.stopped', exitCode: 0 });
    await pipeline.launch(name);
  }
  await workload.stop();
  await pipeline.converged();
});

/** Partitions that the process has now, by its log. */
function assigned(process: ServiceProcess): number {
  const last = process.log.findLast(({ event }) => event === 'partitions.assigned');
  return (last as { readonly partitions?: number } | undefined)?.partitions ?? 0;
}
