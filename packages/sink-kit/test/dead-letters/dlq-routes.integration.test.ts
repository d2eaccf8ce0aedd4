import { randomUUID } from 'node:crypto';
import { deadLetterTopic, decisionsTopic, TopicRouting } from '@sluice/envelope';
import { kafkaClient, listTopics, PlainProducer } from '@sluice/kafka';
import { startStack } from '@sluice/local-stack';
import { createLogger, parseConfig, type OpsResponse } from '@sluice/runtime';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DeadLetterAdmin } from '../../src/dead-letters/dead-letter-admin.ts';
import { dlqRoutes } from '../../src/dead-letters/dlq-routes.ts';
import { DeadLetterStore } from '../../src/dead-letters/dead-letter-store.ts';
import { selectTopics } from '../../src/discovery.ts';
import { TableSelection } from '../../src/table-selection.ts';
import { DeadLetterProducer } from '../../src/dead-letter-producer.ts';
import type { Delivery, Outcome } from '../../src/sink.ts';
import { inMemorySink, itemRow, sequenceAt, TestTopic, conformanceColumns } from '../../src/testing/index.ts';
import { failure } from '../fixtures.ts';

const stack = await startStack({ servers: ['kafka'] });
const log = createLogger('test', { level: 'silent' });
const config = { brokers: [...stack.kafka.brokers], clientId: 'dead-letters-test' };
const kafka = kafkaClient(config, log);
const producer = new PlainProducer(kafka);
const never = new AbortController().signal;
const stores: DeadLetterStore[] = [];

beforeAll(() => producer.connect());
afterAll(async () => {
  for (const store of stores) store.close();
  await producer.close();
  await stack.stop();
});

/** A sink's dead letters in topics of their own, and its ops API without the server. */
class Office {
  readonly prefix = `t${randomUUID()}`;
  readonly sink = inMemorySink();
  readonly results: string[] = [];
  readonly #topics = parseConfig(
    `pipeline: ${this.prefix}\nsource: { host: h, user: u, tables: ['*.*'] }\nkafka: { brokers: [a:1] }\ntopics: { partitions: 3 }`,
    {},
  ).topics;
  readonly items = new TestTopic({
    database: 'shop',
    table: 'items',
    columns: conformanceColumns,
    keyColumns: ['id'],
    prefix: this.prefix,
  });
  readonly #deadLetterProducer = new DeadLetterProducer(kafka, producer, this.#topics, 'memory');

  async open(): Promise<void> {
    await this.#deadLetterProducer.open();
    await this.store().open();
  }

  /** As every process has one of its own: nothing is shared but Kafka. */
  store(holdsResolved = false): DeadLetterStore {
    const topics = this.#topics;
    const sealing = { onUnsealed: () => undefined };
    const options = {
      config,
      kafka,
      producer,
      topics,
      sink: 'memory',
      signal: never,
      holdsResolved,
      ...sealing,
    };
    const store = new DeadLetterStore(options);
    stores.push(store);
    return store;
  }

  /** What a stranger writes to the decisions topic. */
  async scribble(key: string, value: string | null): Promise<void> {
    const topic = decisionsTopic(this.prefix, 'memory');
    const bytes = value === null ? null : Buffer.from(value);
    await producer.send({ topic, partition: 0, headers: {}, key: Buffer.from(key), value: bytes });
  }

  /** A row that failed, in the dead-letter topic; twice with `copies` 2. */
  async send(id: number, copies = 1): Promise<Delivery> {
    const delivery = this.items.row({ operation: 'INSERT', sequence: sequenceAt(id), row: itemRow(id, 1) });
    const { topic, partition, offset, key, value } = delivery;
    const record = {
      offset,
      timestampMs: 1,
      key: Buffer.from(key),
      value: Buffer.from(value),
      headers: {},
    };
    const error = failure('MYSQL_VALUE_REFUSED');
    for (let copy = 0; copy < copies; copy++) {
      const place = { sink: 'memory', group: 'g', topic, partition, record };
      const times = { firstFailedAtMs: 1000, failedAtMs: 1000 + copy };
      await this.#deadLetterProducer.send({ ...place, ...times, stage: 'apply', error, attempts: 1 });
    }
    return delivery;
  }

  async ask(path: string, body: unknown = null, query = ''): Promise<OpsResponse> {
    const routes = dlqRoutes({
      admin: new DeadLetterAdmin(this.store()),
      sink: 'memory',
      routing: new TopicRouting({ prefix: this.prefix }),
      seals: null,
      write: async (delivery) => (await this.sink.write([delivery], never, 'replay'))[0] as Outcome,
      onReplayed: (result) => this.results.push(result),
      log,
    });
    const method = body === null ? 'GET' : 'POST';
    const route = routes.find((each) => each.path === path && each.method === method);
    const text = typeof body === 'string' ? body : JSON.stringify(body);
    return (await route?.handle({
      query: new URLSearchParams(query),
      principal: null,
      params: {},
      body: text,
    })) as OpsResponse;
  }
}

async function deadLetters(): Promise<Office> {
  const made = new Office();
  await made.open();
  return made;
}

describe('the ops API of dead letters', () => {
  test('lists each failed record once, by filter', async () => {
    const admin = await deadLetters();
    await admin.send(1, 2);
    const second = await admin.send(2);
    const listed = await admin.ask('/api/v1/dlq');
    expect(listed).toMatchObject({
      status: 200,
      body: { sink: 'memory', depth: 2, matching: 2, halt: null },
    });
    const query = new URLSearchParams({ key: '{"id":2}', error: 'MYSQL_VALUE_REFUSED', table: 'shop.items' });
    expect((await admin.ask('/api/v1/dlq', null, String(query))).body).toMatchObject({
      matching: 1,
      letters: [{ id: `${second.topic}-0-${second.offset}`, replays: 0, decision: null }],
    });
    expect((await admin.ask('/api/v1/dlq', null, 'since=2026-01-01T00:00:00Z')).body).toMatchObject({
      matching: 0,
    });
    expect(await admin.ask('/api/v1/dlq', null, 'since=soon&tabel=x')).toMatchObject({ status: 400 });
  });

  test('replays nothing unless told to; what was replayed is resolved for everybody', async () => {
    const admin = await deadLetters();
    await admin.send(1);
    await admin.send(2);
    const dry = await admin.ask('/api/v1/dlq/replay', { by: 'me' });
    expect(dry.body).toMatchObject({ dryRun: true, matching: 2, results: [{ decision: 'replay' }, {}] });
    expect(admin.sink.writes).toEqual([]);
    admin.sink.refused.add('{"id":2}');
    const done = await admin.ask('/api/v1/dlq/replay', { by: 'me', dryRun: false });
    expect(done.body).toMatchObject({ results: [{ result: 'applied' }, { result: 'failed' }] });
    expect(admin.results).toEqual(['applied', 'failed']);
    expect(admin.sink.read('shop', 'items', '{"id":1}')).toEqual(itemRow(1, 1));
    const index = await admin.store(true).refresh();
    expect([index.depth, index.letters().map(({ replays }) => replays)]).toEqual([1, [1, 1]]);
    admin.sink.refused.clear();
    await admin.ask('/api/v1/dlq/replay', { by: 'me', dryRun: false });
    expect((await admin.store().refresh()).depth).toBe(0);
  });

  test('says what the store did not answer, and leaves the rest', async () => {
    const admin = await deadLetters();
    await admin.send(1);
    admin.sink.reachable = false;
    const answer = await admin.ask('/api/v1/dlq/replay', { by: 'me', dryRun: false });
    expect(answer).toMatchObject({
      status: 200,
      body: { results: [], stopped: { code: 'SINK_UNEXPECTED' } },
    });
    expect((await admin.store().refresh()).depth).toBe(1);
  });

  test('discards what fits, with the reason; a newer failure of the same record is open again', async () => {
    const admin = await deadLetters();
    const first = await admin.send(1);
    await admin.send(2);
    const ids = [`${first.topic}-0-${first.offset}`];
    expect((await admin.ask('/api/v1/dlq/discard', { by: 'me', ids })).body).toMatchObject({
      dryRun: true,
      letters: ids,
    });
    expect((await admin.store().refresh()).depth).toBe(2);
    await admin.ask('/api/v1/dlq/discard', { by: 'me', ids, dryRun: false, reason: 'a test row' });
    const index = await admin.store(true).refresh();
    expect([index.depth, index.decisionOf(ids[0] ?? '')]).toMatchObject([
      1,
      { outcome: 'discarded', by: 'me', reason: 'a test row' },
    ]);
  });

  test.each([
    ['/api/v1/dlq/replay', 'no json'],
    ['/api/v1/dlq/replay', {}],
    ['/api/v1/dlq/replay', { by: 'me', dryrun: false }],
    ['/api/v1/dlq/discard', { by: '' }],
    ['/api/v1/dlq/release', { by: 'me' }],
  ])('refuses a wrong order to %s: %j', async (path, body) => {
    const admin = await deadLetters();
    const answer = await admin.ask(path, body);
    expect(answer.status).toBe(400);
    expect(answer.body).toMatchObject({ error: expect.stringMatching(/.{5}/) as string });
  });
});

describe('decisions', () => {
  test('about letters that are gone are dropped after a day', async () => {
    const admin = await deadLetters();
    await admin.send(1);
    const store = admin.store();
    await store.refresh();
    const value = { at: 1000, by: 'me', outcome: 'discarded', failedAt: 1000, replays: 0 } as const;
    await store.decide({ kind: 'letter', id: 'gone-0-1', value });
    expect(await store.prune(86_400_000)).toBe(0);
    expect(await store.prune(86_402_000)).toBe(1);
    expect((await admin.store().refresh()).decisionOf('gone-0-1')).toBeNull();
  });

  test('have a topic that no sink takes for a table', async () => {
    const admin = await deadLetters();
    const names = await listTopics(kafka, (name) => name.startsWith(`${admin.prefix}.`));
    const own = [deadLetterTopic(admin.prefix, 'memory'), decisionsTopic(admin.prefix, 'memory')];
    expect(names).toEqual(own.sort());
    const all = new TableSelection({}, ['*.*']);
    expect(selectTopics(names, admin.prefix, new TopicRouting({ prefix: admin.prefix }), all)).toEqual([]);
  });

  test('are none before the topics exist', async () => {
    const admin = new Office();
    expect((await admin.store().refresh()).depth).toBe(0);
  });
});

test('a decision that nobody can read stops the sink, until it is taken back by a null value', async () => {
  const admin = await deadLetters();
  await admin.scribble('promise:x', '{}');
  await admin.scribble('letter:a-0-1', 'no json');
  const corrupt = { code: 'DECISIONS_CORRUPT', context: { key: 'promise:x' } };
  await expect(admin.store().refresh()).rejects.toMatchObject(corrupt);
  await admin.scribble('promise:x', null);
  await expect(admin.store().refresh()).rejects.toMatchObject({ context: { key: 'letter:a-0-1' } });
  await admin.scribble('letter:a-0-1', null);
  expect((await admin.store().refresh()).depth).toBe(0);
});
