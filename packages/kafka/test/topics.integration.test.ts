import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  compareTopics,
  describeCluster,
  ensureTopics,
  fragileTopics,
  listTopics,
  PlainProducer,
  type TopicSpec,
} from '../src/index.ts';
import { TestBroker } from './support/broker.ts';

let broker: TestBroker;

beforeAll(async () => {
  broker = await TestBroker.start();
});
afterAll(() => broker.stop());

const spec = (name: string, over: Partial<TopicSpec> = {}): TopicSpec => ({
  name,
  partitions: 2,
  replicationFactor: 1,
  configs: { 'cleanup.policy': 'compact', 'max.message.bytes': '100000', 'segment.bytes': '16777216' },
  ...over,
});

describe('ensureTopics', () => {
  test('creates what is missing with its settings, and has nothing to say the second time', async () => {
    const names = [broker.uniqueName('a'), broker.uniqueName('b')];
    const specs = names.map((name) => spec(name));
    expect(await ensureTopics(broker.client, specs)).toEqual([]);
    expect(await ensureTopics(broker.client, specs)).toEqual([]);
    expect(await listTopics(broker.client, (name) => names.includes(name))).toEqual(names.toSorted());
  });

  test('raises the size of a batch, answers each other difference of an existing topic and alters none', async () => {
    const name = broker.uniqueName('a');
    await ensureTopics(broker.client, [spec(name)]);
    const wanted = spec(name, {
      partitions: 6,
      configs: { 'cleanup.policy': 'delete', 'max.message.bytes': '200000', 'segment.bytes': '16777216' },
    });
    const raised: string[] = [];
    const problems = await ensureTopics(broker.client, [wanted], ({ found, required }) =>
      raised.push(`${found} to ${required}`),
    );
    expect(raised).toEqual(['100000 to 200000']);
    expect(problems.map(({ topic, setting, found, required }) => [topic, setting, found, required])).toEqual([
      [name, 'partitions', '2', '6'],
      [name, 'cleanup.policy', 'compact', 'delete'],
    ]);
    expect(problems[0]?.fix).toContain('`topics.partitions`');
    expect(problems[1]?.fix).toContain('--add-config cleanup.policy=[delete]');
    // The other settings of the topic are what they were: segment.bytes, and the policy.
    expect(await ensureTopics(broker.client, [wanted])).toEqual(problems);
  });

  test('a larger max.message.bytes and a list in another order are no differences', async () => {
    const name = broker.uniqueName('a');
    await ensureTopics(broker.client, [spec(name, { configs: { 'cleanup.policy': 'compact,delete' } })]);
    const wanted = spec(name, {
      configs: { 'cleanup.policy': 'delete,compact', 'max.message.bytes': '1000' },
    });
    expect(await ensureTopics(broker.client, [wanted])).toEqual([]);
  });

  test('fewer copies in sync than asked for are a difference, more are none', async () => {
    const name = broker.uniqueName('a');
    const of = (count: number): TopicSpec =>
      spec(name, { configs: { 'min.insync.replicas': String(count) } });
    await ensureTopics(broker.client, [of(2)]);
    expect(await ensureTopics(broker.client, [of(1)])).toEqual([]);
    expect(await ensureTopics(broker.client, [of(3)])).toEqual([
      expect.objectContaining({ setting: 'min.insync.replicas', found: '2', required: '3' }),
    ]);
    expect(await fragileTopics(broker.client, [name, broker.uniqueName('not-there')])).toEqual([
      `topic ${name} can take no record: min.insync.replicas is 2, more than one copy. Set it to 1`,
    ]);
  });

  test('more copies than brokers name the setting', async () => {
    const wanted = spec(broker.uniqueName('a'), { replicationFactor: 3 });
    const { missing, refused } = await compareTopics(broker.client, [wanted]);
    expect([missing, refused.map(({ setting }) => setting)]).toEqual([
      [wanted.name],
      ['topics.replicationFactor'],
    ]);
    await expect(ensureTopics(broker.client, [wanted])).rejects.toMatchObject({
      code: 'PREFLIGHT_FAILED',
      message:
        '1 problem(s):\n- topics.replicationFactor: found 3, with 1 broker(s) in the cluster, needs at most as many replicas as there are brokers. Fix: set topics.replicationFactor to 1 at most, or start the other brokers',
    });
  });

  test('a setting that Kafka refuses is an error of ours', async () => {
    const bad = spec(broker.uniqueName('a'), { configs: { 'cleanup.policy': 'nonsense' } });
    await expect(ensureTopics(broker.client, [bad])).rejects.toMatchObject({
      code: 'KAFKA_REFUSED',
      errorClass: 'fatal',
    });
  });
});

test('topics are described with the settings of their own alone', async () => {
  const own = spec(broker.uniqueName('own'));
  const bare = spec(broker.uniqueName('bare'), { partitions: 1, configs: {} });
  await ensureTopics(broker.client, [own, bare]);
  const ids = new Map([
    [own.name, 'i-1'],
    [bare.name, 'i-2'],
  ]);
  const { clusterId, topics } = await describeCluster(broker.client, ids);
  expect(clusterId).not.toBe('');
  expect(topics).toEqual([
    { ...own, id: 'i-1' },
    { ...bare, id: 'i-2' },
  ]);
});

test('PlainProducer: bytes and headers arrive untouched, in the partition asked for', async () => {
  const topic = await broker.topic(3);
  const producer = new PlainProducer(broker.client);
  await producer.connect();
  const value = Buffer.from([0, 255, 10, 13]);
  await producer.send({ topic, partition: 2, key: Buffer.from('k'), value, headers: { reason: 'test' } });
  await producer.send({ topic, partition: 2, key: null, value: null, headers: {} });
  await producer.close();
  const records = await broker.records(topic);
  expect(records.map(({ partition, key, value: v }) => ({ partition, key, v }))).toEqual([
    { partition: 2, key: Buffer.from('k'), v: value },
    { partition: 2, key: null, v: null },
  ]);
  expect(String(records[0]?.headers.get('reason'))).toBe('test');
});

test('PlainProducer: copies are stored in their order, with their times, however large they are together', async () => {
  const topic = await broker.topic(1);
  const producer = new PlainProducer(broker.client);
  await producer.connect();
  const copies = Array.from({ length: 40 }, (_, at) => ({
    partition: 0,
    timestamp: 1_000 + at,
    key: at === 0 ? null : Buffer.from(String(at)),
    value: at === 1 ? null : Buffer.alloc(50_000, at),
    headers: { seal: Buffer.from([0, 255]) },
  }));
  await producer.copy(topic, copies);
  await producer.close();
  const records = await broker.records(topic);
  const found = records.map(({ partition, timestamp, key, value, headers }) => ({
    partition,
    timestamp,
    key,
    value,
    headers: Object.fromEntries(headers),
  }));
  expect(found).toEqual(copies);
});
