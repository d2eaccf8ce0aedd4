import { startStack } from '@sluice/local-stack';
import type { Row } from '@sluice/envelope';
import type { PipelineError } from '@sluice/runtime';
import type { Delivery, Sink } from '@sluice/sink-kit';
import {
  conformanceColumns,
  conformanceTopic,
  describeSinkConformance,
  itemRow,
  sequenceAt,
  TestTopic,
} from '@sluice/sink-kit/testing';
import { afterAll, describe, expect, onTestFinished, test } from 'vitest';
import { openStore } from '../src/compare.ts';
import { redisConfigSchema } from '../src/config.ts';
import { tombstoneKey } from '../src/redis-mapper.ts';
import { testRedis, type TestRedis, type TestRedisOptions } from './redis-harness.ts';

/** `rows` of a section: keys by a template, and rows that end by themselves. */

const stack = await startStack({ servers: ['redis'] });
afterAll(() => stack.stop());
const { url } = stack.redis;
const never = new AbortController().signal;

const ITEMS = 'sluice_conformance.items';
const PARTS = 'sluice_conformance.parts';
const HOUR = 3600;

describeSinkConformance('Redis with templates, and rows that end', {
  create: async () => {
    const rows = {
      [ITEMS]: { keyTemplate: 'item:{id}', ttlSeconds: HOUR },
      [PARTS]: { keyTemplate: 'item:{id}:part' },
    };
    const redis = testRedis(url, { rows });
    return {
      sink: redis.sink,
      another: redis.another,
      read: async (database, table, key) => {
        const text = await redis.client.get(redis.key(database, table, key));
        if (text === null) return null;
        const { _sequence, ...row } = JSON.parse(text) as Row;
        return row;
      },
      poison: async (id) => {
        await redis.client.rpush(redis.key('sluice_conformance', 'items', { id }), 'not a row');
        return itemRow(id, 1);
      },
      close: redis.close,
    };
  },
});

async function open(options: TestRedisOptions): Promise<TestRedis> {
  const redis = testRedis(url, options);
  onTestFinished(async () => {
    await redis.sink.close();
    await redis.close();
  });
  await redis.sink.open(never);
  return redis;
}

type Kinds = Parameters<TestTopic['row']>[0]['operation'];
const topic = conformanceTopic();
const change = (operation: Kinds, step: number, id = 1): Delivery =>
  topic.row({ operation, sequence: sequenceAt(step), row: itemRow(id, step) });
const kindOf = async (sink: Sink, delivery: Delivery): Promise<string | undefined> =>
  (await sink.write([delivery], never))[0]?.kind;
const key = (redis: TestRedis, id = 1): string => redis.key('sluice_conformance', 'items', { id });

/** As if its time were over. */
async function end(redis: TestRedis, id = 1): Promise<void> {
  expect(await redis.client.pexpire(key(redis, id), 1)).toBe(1);
  await expect.poll(() => redis.client.exists(key(redis, id))).toBe(0);
}

describe.each(['json', 'hash'] as const)('rows that end, as %s', (format) => {
  const rows = { [ITEMS]: { ttlSeconds: HOUR } };

  test('a change begins the time anew, and an older one does not', async () => {
    const redis = await open({ format, rows });
    expect(await kindOf(redis.sink, change('INSERT', 10))).toBe('applied');
    for (const [operation, step, outcome, isLonger] of [
      ['UPDATE', 9, 'stale', false],
      ['SNAPSHOT', 10, 'applied', true],
      ['UPDATE', 11, 'applied', true],
    ] as const) {
      await redis.client.expire(key(redis), 100);
      expect(await kindOf(redis.sink, change(operation, step))).toBe(outcome);
      expect((await redis.client.ttl(key(redis))) > 100).toBe(isLonger);
    }
    // What keeps a row from the end of a snapshot does not keep it longer.
    await redis.client.expire(key(redis), 100);
    const mark = { job: 'j', reconcile: true, since: sequenceAt(20), partitions: 1 };
    await redis.sink.keep(
      topic.snapshotMark(sequenceAt(30), { phase: 'end', ...mark }),
      ['{"id":1}'],
      sequenceAt(20),
      never,
    );
    expect(await redis.client.ttl(key(redis))).toBeLessThanOrEqual(100);
    expect(await redis.client.ttl(key(redis))).toBeGreaterThan(0);
  });

  test('behind a row that has ended nothing older comes in, and its next change does', async () => {
    const redis = await open({ format, rows });
    await redis.sink.write([change('INSERT', 20)], never);
    await end(redis);
    expect(await redis.client.ttl(tombstoneKey(key(redis)))).toBeGreaterThan(36 * 86_400);
    for (const [operation, step] of [
      ['INSERT', 19],
      ['UPDATE', 20],
      ['DELETE', 19],
      ['SNAPSHOT', 19],
    ] as const)
      expect(await kindOf(redis.sink, change(operation, step))).toBe('stale');
    expect(await redis.client.exists(key(redis))).toBe(0);
    expect(await kindOf(redis.sink, change('SNAPSHOT', 20))).toBe('applied');
    await end(redis);
    expect(await kindOf(redis.sink, change('UPDATE', 21))).toBe('applied');
    await end(redis);
    expect(await kindOf(redis.sink, change('DELETE', 22))).toBe('applied');
    expect(await kindOf(redis.sink, change('INSERT', 21))).toBe('stale');
  });

  test('another time is told, and one that is taken away lets new rows stay', async () => {
    const lines: string[] = [];
    const redis = await open({ format, rows, onLog: (line) => lines.push(line) });
    await redis.sink.write([change('INSERT', 10), change('INSERT', 11, 2)], never);
    const later = redis.another('test', undefined, {});
    onTestFinished(() => later.close());
    await later.open(never);
    await later.write([change('UPDATE', 12)], never);
    expect(await redis.client.ttl(key(redis))).toBe(-1);
    expect(await redis.client.ttl(key(redis, 2))).toBeGreaterThan(0);
    expect(lines.join('\n')).toContain('"event":"table.ttl_changed"');
    expect(lines.join('\n')).toContain(`sluice snapshot start --table ${ITEMS}`);
  });
});

const parts = new TestTopic({
  database: 'sluice_conformance',
  table: 'parts',
  columns: conformanceColumns,
  keyColumns: ['id', 'quantity'],
});

test('a truncate of one template takes no row of another that begins alike', async () => {
  const rows = {
    [ITEMS]: { keyTemplate: 'item:{id}' },
    [PARTS]: { keyTemplate: 'item:{id}:part:{quantity}' },
  };
  const redis = await open({ rows });
  const part = parts.row({ operation: 'INSERT', sequence: sequenceAt(5), row: itemRow(1, 3) });
  await redis.sink.write([change('INSERT', 4), change('INSERT', 50, 2)], never);
  await redis.sink.write([part], never);
  const [, prefix = ''] = /^(.*)item:1$/.exec(key(redis)) ?? [];
  expect(await redis.client.exists(`${prefix}item:1`, `${prefix}item:2`, `${prefix}item:1:part:3`)).toBe(3);
  expect(await kindOf(redis.sink, topic.truncate(sequenceAt(40)))).toBe('applied');
  expect(await redis.client.exists(`${prefix}item:1`)).toBe(0);
  expect(await redis.client.exists(`${prefix}item:2`, `${prefix}item:1:part:3`)).toBe(2);
  // The floor is of the one table alone.
  const again = parts.row({ operation: 'UPDATE', sequence: sequenceAt(6), row: itemRow(1, 3) });
  expect(await kindOf(redis.sink, again)).toBe('applied');
  expect(await kindOf(redis.sink, change('INSERT', 30))).toBe('stale');
});

test('the first word of templates is one sink’s, also against another pipeline', async () => {
  const redis = await open({ rows: { [ITEMS]: { keyTemplate: 'item:{id}' } } });
  await redis.sink.write([change('INSERT', 4)], never);
  const [, keyPrefix = ''] = /^(.*)item:1$/.exec(key(redis)) ?? [];
  const stranger = testRedis(url, { keyPrefix, rows: { [ITEMS]: { keyTemplate: 'item:of:{id}' } } });
  onTestFinished(() => stranger.close());
  const other = stranger.another('other');
  onTestFinished(() => other.close());
  await other.open(never);
  const [outcome] = await other.write([change('INSERT', 90)], never);
  expect(outcome).toMatchObject({
    kind: 'failed',
    error: { code: 'REDIS_KEYS_TAKEN', errorClass: 'schema' },
  });
  // The same keys, of which this prefix is a part of the template of the other.
  const inner = testRedis(url, {
    keyPrefix: `${keyPrefix}item:`,
    rows: { [ITEMS]: { keyTemplate: 'of:{id}' } },
  });
  onTestFinished(() => inner.close());
  const third = inner.another('third');
  onTestFinished(() => third.close());
  await third.open(never);
  const [met] = await third.write([change('INSERT', 95)], never);
  expect(met).toMatchObject({ kind: 'failed', error: { code: 'REDIS_KEYS_TAKEN' } });
});

test('a key that the template does not fit is refused, and no row is written', async () => {
  const redis = await open({ rows: { [ITEMS]: { keyTemplate: 'item:{id}:{name}' } } });
  const [outcome] = await redis.sink.write([change('INSERT', 4)], never);
  expect(outcome).toMatchObject({
    kind: 'failed',
    error: { code: 'REDIS_KEY_TEMPLATE', errorClass: 'schema' },
  });
});

test.each([
  ['a template in the place of the name', {}, { [ITEMS]: { keyTemplate: 'item:{id}' } }],
  [
    'another template',
    { [ITEMS]: { keyTemplate: 'item:{id}' } },
    { [ITEMS]: { keyTemplate: 'x:{id}', ttlSeconds: 9 } },
  ],
  ['none any more', { [ITEMS]: { keyTemplate: 'item:{id}' } }, { [ITEMS]: { ttlSeconds: 9 } }],
  ['one for rows that end', { [ITEMS]: { ttlSeconds: 9 } }, { [ITEMS]: { keyTemplate: 'item:{id}' } }],
])(
  'another template than the one of before is refused, and its fix fills the new keys: %s',
  async (_, before, after) => {
    const redis = await open({ rows: before });
    await redis.sink.write([change('INSERT', 4)], never);
    const next = redis.another('test', undefined, after);
    onTestFinished(() => next.close());
    await next.open(never);
    const [outcome] = await next.write([change('UPDATE', 5)], never);
    expect(outcome).toMatchObject({ kind: 'failed', error: { code: 'REDIS_KEY_TEMPLATE' } });
    const back = redis.another('test', undefined, before);
    onTestFinished(() => back.close());
    await back.open(never);
    expect(await kindOf(back, change('UPDATE', 6))).toBe('applied');
    const { message } = (outcome as { error: PipelineError }).error;
    const [, , records = ''] =
      /delete the keys of the form (\S+), then (.+), and run: sluice snapshot start --table sluice_conformance\.items --reconcile$/.exec(
        message,
      ) ?? [];
    expect(records).not.toBe('');
    await redis.client.del(key(redis), ...records.split(' and '));
    expect(await kindOf(next, change('SNAPSHOT', 7))).toBe('applied');
  },
);

test('a comparison finds rows by their template, and says nothing of those that have ended', async () => {
  const rows = {
    [ITEMS]: { keyTemplate: 'item:{id}', ttlSeconds: HOUR },
    [PARTS]: { keyTemplate: 'item:{id}:part:{quantity}' },
  };
  const redis = await open({ rows });
  await redis.sink.write([change('INSERT', 4), change('INSERT', 5, 2)], never);
  await redis.sink.write(
    [parts.row({ operation: 'INSERT', sequence: sequenceAt(5), row: itemRow(1, 3) })],
    never,
  );
  const [, keyPrefix = ''] = /^(.*)item:1$/.exec(key(redis)) ?? [];
  const store = await openStore(redisConfigSchema.parse({ url, keyPrefix, rows }), 'sinks.redis');
  onTestFinished(() => store.close());
  type Table = Parameters<typeof store.open>[0];
  const kind = {
    fromDocument: (value: { readonly text: string }) => value.text,
  } as unknown as Table['columns'][number]['kind'];
  const columns = ['id', 'quantity'].map((name) => ({ name, kind, generated: false }));
  const named = (table: string, place: readonly number[]): Table => ({
    database: 'sluice_conformance',
    table,
    columns,
    key: place,
  });
  const items = await store.open(named('items', [0]));
  expect(items.identity(['1', '4'])).toBe(key(redis));
  expect(await all(items.identities())).toHaveLength(2);
  expect(items.mayExpire).toBe(true);
  expect((await items.fetchStored([key(redis)]))[0]?.values[0]).toBe('1');
  const ofParts = await store.open(named('parts', [0, 1]));
  expect(ofParts.mayExpire).toBe(false);
  expect(await all(ofParts.identities())).toEqual([ofParts.identity(['1', '3'])]);
});

async function all(identities: AsyncIterable<string>): Promise<string[]> {
  const found: string[] = [];
  for await (const identity of identities) found.push(identity);
  return found;
}
