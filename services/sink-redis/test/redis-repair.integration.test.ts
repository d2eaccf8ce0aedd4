import { randomUUID } from 'node:crypto';
import { startStack } from '@sluice/local-stack';
import { createLogger, Registry, type SluiceConfig } from '@sluice/runtime';
import type { Delivery } from '@sluice/sink-kit';
import { conformanceTopic, itemRow, sequenceAt } from '@sluice/sink-kit/testing';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { RedisConfig } from '../src/config.ts';
import { openRepair } from '../src/repair.ts';
import { RowKeys } from '../src/row-keys.ts';

const stack = await startStack({ servers: ['redis'] });
const client = new Redis(stack.redis.url);
const keyPrefix = `${randomUUID()}/`;
const topic = conformanceTopic();
let repair: Awaited<ReturnType<typeof openRepair>>;

beforeAll(async () => {
  repair = await open({});
});

function open(rows: RedisConfig['rows']): ReturnType<typeof openRepair> {
  const config = { sinks: { redis: { url: stack.redis.url, keyPrefix, rows } } } as unknown as SluiceConfig;
  const context = {
    pipeline: 'test',
    name: 'redis',
    section: 'sinks.redis',
    named: null,
    sourceTables: [],
    prefix: 'test',
    group: `test.${randomUUID()}`,
    hasProgress: () => Promise.resolve(false),
    tombstoneLifeMs: 86_400_000,
    log: createLogger('test', { level: 'silent' }),
    registry: new Registry(),
  };
  return openRepair({ name: 'redis', config, contextOf: () => context });
}

afterAll(async () => {
  await repair.close();
  const keys = await client.keys(`*${keyPrefix}*`);
  if (keys.length > 0) await client.del(keys);
  client.disconnect();
  await stack.stop();
});

const snapshot = (id: number, step: number, version: number): Delivery =>
  topic.row({ operation: 'SNAPSHOT', sequence: sequenceAt(step), row: itemRow(id, version) });
const deletion = (id: number, step: number): Delivery =>
  topic.row({ operation: 'DELETE', sequence: sequenceAt(step), row: itemRow(id, 0) });
const keyOf = ({ envelope, rowKey: text }: Delivery): string => {
  const { source, key } = (envelope as ReturnType<typeof topic.row>['envelope']).payload;
  return new RowKeys({ keyPrefix, rows: {} }, 'sinks.redis').of(source).rowKey(key, text);
};
const placeOf = ({ topic: name, partition, key, rowKey: text, envelope }: Delivery) => {
  const { database, table } = envelope.payload.source;
  return { database, table, topic: name, partition, key, rowKey: text };
};

test('what the repair has written is undone, what came since is not', async () => {
  await repair.write([1, 2, 4].map((id) => snapshot(id, 10, 1)));
  const writes = [...[1, 2, 3].map((id) => snapshot(id, 20, 2)), deletion(4, 20)];
  const kept = await repair.kept(writes.map(placeOf));
  expect(await repair.write(writes)).toEqual(Array(4).fill({ kind: 'applied' }));
  await repair.write([snapshot(2, 30, 3)]);
  const before = kept.map((text) => text?.slice(text.indexOf(',')) ?? null);
  // An undo that was broken off is given again: what is put back already is so still.
  for (const time of ['once', 'again']) {
    const undone: boolean[] = [];
    for (const [index, row] of writes.entries())
      undone.push(
        await repair.restore({ ...placeOf(row), sequence: sequenceAt(20), kept: kept[index] ?? null }),
      );
    expect(undone, `given ${time}`).toEqual([true, false, true, true]);
    const now = await client.mget(writes.map(keyOf));
    const values = now.map((text) => text?.slice(text.indexOf(',')) ?? null);
    expect(values, `given ${time}`).toEqual([
      before[0],
      expect.stringContaining('"quantity":3'),
      null,
      before[3],
    ]);
  }
  // An older change still cannot come in.
  expect(await repair.write([snapshot(1, 15, 9)])).toEqual([{ kind: 'stale' }]);
});

test('its lines for redis-cli run the guard', async () => {
  await repair.write([11, 12].map((id) => snapshot(id, 10, 1)));
  const odd = topic.row({
    operation: 'SNAPSHOT',
    sequence: sequenceAt(20),
    row: { ...itemRow(11, 2), name: 'quote " back\\slash\nline' },
  });
  const text = await repair.statements([odd, snapshot(12, 5, 9)]);
  const answers: unknown[] = [];
  for (const line of text.split('\n').filter((each) => each !== '')) {
    // Of the escapes of redis-cli only those are used that JSON has too.
    const words = line.match(/"(?:[^"\\]|\\.)*"|\S+/g) ?? [];
    const [command = '', ...args] = words.map((word) =>
      word.startsWith('"') ? String(JSON.parse(word)) : word,
    );
    answers.push(await client.call(command, ...args));
  }
  expect(answers.slice(1)).toEqual([1, 0]);
  expect(await client.get(keyOf(odd))).toContain('quote \\" back\\\\slash\\nline');
});

test('what is put back of rows that end has its time, and nothing older comes in behind it', async () => {
  const rows = { 'sluice_conformance.items': { ttlSeconds: 3600 } };
  const ending = await open(rows);
  try {
    await ending.write([snapshot(21, 10, 1)]);
    const write = snapshot(21, 20, 2);
    const [kept = null] = await ending.kept([placeOf(write)]);
    await ending.write([write]);
    expect(await ending.restore({ ...placeOf(write), sequence: sequenceAt(20), kept })).toBe(true);
    expect(await client.get(keyOf(write))).toContain('"quantity":1');
    expect(await client.ttl(keyOf(write))).toBeGreaterThan(3500);
    await client.del(keyOf(write));
    expect(await ending.write([snapshot(21, 19, 3)])).toEqual([{ kind: 'stale' }]);
  } finally {
    await ending.close();
  }
});
