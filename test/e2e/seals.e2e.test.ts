import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checkpointsTopic, decisionsTopic, schemaHistoryTopic } from '@sluice/envelope';
import { kafkaClient, PlainProducer, type TopicRecord } from '@sluice/kafka';
import { startStack } from '@sluice/local-stack';
import { createLogger } from '@sluice/runtime';
import { afterAll, expect, test } from 'vitest';
import { eventually } from '../harness/eventually.ts';
import { testScope, type Scope } from '../harness/scope.ts';
import { metricSum, page } from '../harness/processes/service-pages.ts';
import {
  SINK_NAMES,
  SINK_SERVICES,
  SinkPipeline,
  type PipelineProcess,
} from '../harness/pipelines/sink-pipeline.ts';
import { sluice } from '../harness/processes/sluice-command.ts';

const stack = await startStack({ servers: ['kafka', 'mysql', 'target-mysql', 'redis', 'elasticsearch'] });
afterAll(() => stack.stop());

const TABLE = 'CREATE TABLE items (id int NOT NULL PRIMARY KEY, name varchar(20))';
const ROWS = "INSERT INTO items VALUES (1, 'one'), (2, 'two'), (3, 'three')";

test('orders without a seal are not obeyed, by whoever they are', async () => {
  const scope = testScope();
  const pipeline = await SinkPipeline.withTables(scope, stack, 'sealed', [TABLE, ROWS]);
  const forger = await Forger.open(scope);
  pipeline.configure({ kafka: { brokers: stack.kafka.brokers, sealKeyFile: await newKey(scope, pipeline) } });
  const [capture, redis] = await start(pipeline);
  await arrived(pipeline, 3);

  // An order to empty the table, newer than all that is there; and an announcement of other columns.
  const topic = pipeline.topic('items');
  const schema = await newest(pipeline, topic, (record) => String(record.key) === '{"$sluice":"schema"}');
  expect(schema.headers.get('seal')?.toString()).toMatch(/^1:[\w-]{43}$/);
  await forger.send(topic, schema.partition, '{"$sluice":"truncate"}', truncateLike(schema));
  await forger.send(topic, schema.partition, '{"$sluice":"schema"}', schema.value);
  await eventually('both to be dead letters', async () => (await pipeline.deadLetters('redis')).length === 2);
  for (const { headers } of await pipeline.deadLetters('redis'))
    expect(headers.get('cdc.dlq.error.code')?.toString()).toBe('RECORD_UNSEALED');
  await pipeline.database.run("INSERT INTO items VALUES (4, 'four')");
  await arrived(pipeline, 4);

  // A halt of the sink, and a checkpoint of a generation that no other comes after.
  const halt = { at: 1, settings: 'x', code: 'X', message: 'x', topic, partition: 0, offset: '0' };
  await redis.process.stop();
  await capture.process.stop();
  await forger.send(decisionsTopic(pipeline.name, 'redis'), 0, 'halt', { ...halt, accepted: null });
  const checkpoints = checkpointsTopic(pipeline.name);
  const checkpoint = await newest(pipeline, checkpoints, ({ value }) => value !== null);
  const forged = String(checkpoint.value).replace(/"generation":\d+/, '"generation":921');
  await forger.send(checkpoints, 0, pipeline.name, Buffer.from(forged));
  // And a version of the table with other columns, in the schema history.
  const history = schemaHistoryTopic(pipeline.name);
  const version = await newest(pipeline, history, ({ value }) => value !== null);
  const other = String(version.value).replace('"name"', '"other"');
  await forger.send(history, 0, String(version.key), Buffer.from(other));
  const again = await start(pipeline);
  await pipeline.database.run("INSERT INTO items VALUES (5, 'five')");
  await arrived(pipeline, 5);
  for (const { name, process, metricsUrl } of again) {
    expect(process.log.filter(({ event }) => event === 'record.unsealed')).toHaveLength(1);
    const refused = metricSum((await page(metricsUrl)).text, 'cdc_errors_total', {
      reason: 'RECORD_UNSEALED',
    });
    expect({ name, refused }).toEqual({ name, refused: name === 'capture' ? 2 : 1 });
  }
  const discarded = await sluice(again[1].configFile, 'dlq discard --sink redis --yes', '--by', 'me');
  expect(discarded).toMatchObject({ code: 0, said: expect.stringContaining('2') as string });
});

test('seals are introduced in a running pipeline without a loss', async () => {
  const scope = testScope();
  const pipeline = await SinkPipeline.withTables(scope, stack, 'sealing', [TABLE, ROWS]);
  await stopped(await start(pipeline));
  const { brokers } = stack.kafka;
  const sealKeyFile = await newKey(scope, pipeline);

  pipeline.configure({ kafka: { brokers, sealKeyFile } });
  const tooEarly = await pipeline.launch('capture');
  await eventually('capture to refuse what it finds', () =>
    tooEarly.process.output.includes('none with a seal of kafka.sealKeyFile'),
  );
  await tooEarly.process.stop();

  pipeline.configure({ kafka: { brokers, sealKeyFile, seals: 'write' } });
  const writing = await start(pipeline);
  await pipeline.database.run("INSERT INTO items VALUES (4, 'four')");
  await arrived(pipeline, 4);
  await stopped(writing);

  pipeline.configure({ kafka: { brokers, sealKeyFile } });
  const [capture] = await start(pipeline);
  await pipeline.database.run("INSERT INTO items VALUES (5, 'five')", 'TRUNCATE TABLE items');
  await pipeline.database.run("INSERT INTO items VALUES (6, 'six')");
  await eventually('the truncate and the row behind it', async () => (await keys(pipeline)).length === 1);
  expect(capture.process.log.some(({ event }) => event === 'record.unsealed')).toBe(false);
  expect(await pipeline.deadLetters('redis')).toEqual([]);
});

test('a record ahead of all that capture has published holds up no true change', async () => {
  const scope = testScope();
  const pipeline = await SinkPipeline.withTables(scope, stack, 'ahead', [TABLE, ROWS]);
  const forger = await Forger.open(scope);
  const services = await pipeline.start('capture', ...SINK_SERVICES);
  await pipeline.converged();

  // A row of the last generation there can be, one of the next, one of a file that is far, and orders to empty the table: far, and near.
  const topic = pipeline.topic('items');
  const row = await newest(pipeline, topic, ({ key, value }) => value !== null && !String(key).includes('$'));
  const sequences = [`921${'0'.repeat(6)}${'1'.repeat(10)}`, `002${'0'.repeat(16)}`, `001${'9'.repeat(16)}`];
  for (const sequence of sequences)
    await forger.send(topic, row.partition, String(row.key), withSequence(row, sequence));
  const schema = await newest(pipeline, topic, ({ key }) => String(key) === '{"$sluice":"schema"}');
  await forger.send(topic, row.partition, '{"$sluice":"truncate"}', truncateLike(schema));
  const near = `${sequenceOf(row).slice(0, 9)}${'9'.repeat(10)}`;
  await forger.send(topic, row.partition, '{"$sluice":"truncate"}', truncateLike(schema, near));
  await pipeline.database.run("UPDATE items SET name = 'true'", "INSERT INTO items VALUES (4, 'four')");
  await pipeline.converged();
  for (const sink of SINK_NAMES) {
    await eventually(
      `five dead letters of ${sink}`,
      async () => (await pipeline.deadLetters(sink)).length === 5,
    );
    for (const { headers } of await pipeline.deadLetters(sink))
      expect(headers.get('cdc.dlq.error.code')?.toString()).toBe('RECORD_AHEAD');
  }
  for (const { process } of services) expect(process.log.some(({ level }) => level === 'fatal')).toBe(false);
});

async function start(pipeline: SinkPipeline): Promise<[PipelineProcess, PipelineProcess]> {
  return (await pipeline.start('capture', 'sink-redis')) as [PipelineProcess, PipelineProcess];
}

async function stopped(processes: readonly PipelineProcess[]): Promise<void> {
  await Promise.all(processes.map(({ process }) => process.stop()));
}

/** A file made by the command. */
async function newKey(scope: Scope, pipeline: SinkPipeline): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-seal-key-'));
  scope.defer(() => rm(folder, { recursive: true }));
  const file = join(folder, 'keys');
  const { configFile } = await pipeline.writeConfig('command');
  expect(await sluice(configFile, 'seal-key new', '--file', file)).toMatchObject({ code: 0 });
  return file;
}

function keys(pipeline: SinkPipeline): Promise<string[]> {
  return pipeline.stores.redis.keys(`${pipeline.name}.items:*`);
}

async function arrived(pipeline: SinkPipeline, rows: number): Promise<void> {
  await eventually(`${rows} rows in Redis`, async () => (await keys(pipeline)).length === rows);
}

async function newest(
  { reader }: SinkPipeline,
  topic: string,
  accept: (record: TopicRecord) => boolean,
): Promise<TopicRecord> {
  const record = await reader.readTail(topic, 0, accept);
  expect(record, `the newest of ${topic}`).not.toBeNull();
  return record as TopicRecord;
}

/** What a truncate of the table looks like, above all sequences. */
function sequenceOf({ value }: TopicRecord): string {
  return (JSON.parse(String(value)) as { payload: { sequence: string } }).payload.sequence;
}

/** @param sequence default: that of the last place of the generation */
function truncateLike({ value }: TopicRecord, sequence?: string): unknown {
  const { schema, payload } = JSON.parse(String(value)) as {
    schema: object;
    payload: { source: object; sequence: string; metadata: object };
  };
  const { source, metadata } = payload;
  const last = payload.sequence.slice(0, 3) + '9'.repeat(payload.sequence.length - 3);
  const order = {
    source,
    operation: 'TRUNCATE',
    sequence: sequence ?? last,
    key: { $sluice: 'truncate' },
    metadata,
  };
  return { schema: { ...schema, type: 'truncate' }, payload: order };
}

function withSequence({ value }: TopicRecord, sequence: string): unknown {
  const envelope = JSON.parse(String(value)) as { payload: object };
  return { ...envelope, payload: { ...envelope.payload, sequence } };
}

/** Somebody who may write to the topics, and has a key of his own. */
class Forger {
  readonly #producer: PlainProducer;

  static async open(scope: Scope): Promise<Forger> {
    const log = createLogger('test', { level: 'silent' });
    const kafka = kafkaClient({ brokers: [...stack.kafka.brokers], clientId: 'forger' }, log);
    const producer = new PlainProducer(kafka);
    await producer.connect();
    scope.defer(() => producer.close());
    return new Forger(producer);
  }

  private constructor(producer: PlainProducer) {
    this.#producer = producer;
  }

  async send(topic: string, partition: number, key: string, value: unknown): Promise<void> {
    const bytes = Buffer.isBuffer(value) ? value : Buffer.from(JSON.stringify(value));
    const headers = { seal: `1:${randomBytes(32).toString('base64url')}` };
    await this.#producer.send({ topic, partition, key: Buffer.from(key), value: bytes, headers });
  }
}
