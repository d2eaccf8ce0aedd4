import { connect, createServer, type Server, type Socket } from 'node:net';
import { setImmediate } from 'node:timers/promises';
import type { Row } from '@sluice/envelope';
import { startStack } from '@sluice/local-stack';
import { PipelineError } from '@sluice/runtime';
import {
  CONFORMANCE_DATABASE,
  CONFORMANCE_TABLE,
  conformanceTopic,
  describeSinkConformance,
  itemRow,
  nullRow,
  sequenceAt,
} from '@sluice/sink-kit/testing';
import { afterAll, expect, onTestFinished, test } from 'vitest';
import { floorKey, markerKey, tablePrefix, tombstoneKey } from '../src/redis-mapper.ts';
import { testRedis, type TestRedis, type TestRedisOptions } from './redis-harness.ts';

const stack = await startStack({ servers: ['redis'] });
afterAll(() => stack.stop());
const { url } = stack.redis;
const never = new AbortController().signal;

describeSinkConformance('Redis', {
  create: async () => {
    const redis = testRedis(url);
    return {
      sink: redis.sink,
      another: redis.another,
      read: async (database, table, key) => {
        const text = await redis.client.get(redis.key(database, table, key));
        if (text === null) return null;
        const { _sequence, ...row } = JSON.parse(text) as Row;
        expect(_sequence).toMatch(/^\d{19}$/);
        return row;
      },
      poison: async (id) => {
        await redis.client.rpush(redis.key(CONFORMANCE_DATABASE, CONFORMANCE_TABLE, { id }), 'not a row');
        return itemRow(id, 1);
      },
      close: redis.close,
    };
  },
  deadStore: async () => testRedis('redis://127.0.0.1:1', { timeoutMs: 1000 }).sink,
});

async function open(options: TestRedisOptions = {}, address = url): Promise<TestRedis> {
  const redis = testRedis(address, options);
  onTestFinished(async () => {
    await redis.sink.close();
    await redis.close();
  });
  if (options.marker !== undefined) await redis.client.set(markerKey(redis.group), options.marker);
  await redis.sink.open(never);
  return redis;
}

const rowName = (redis: TestRedis, id: number): string =>
  redis.key(CONFORMANCE_DATABASE, CONFORMANCE_TABLE, { id });

test('keys that another pipeline or sink writes are not written over, and it is named', async () => {
  const redis = await open();
  const topic = conformanceTopic();
  const insert = (step: number) =>
    topic.row({ operation: 'INSERT', sequence: sequenceAt(step), row: itemRow(1, step) });
  expect(await redis.sink.write([topic.schema(sequenceAt(1))], never)).toEqual([{ kind: 'applied' }]);
  expect(await redis.sink.write([insert(10)], never)).toEqual([{ kind: 'applied' }]);
  const stranger = redis.another('other');
  const named = redis.another('test', 'cache');
  const table = `${CONFORMANCE_DATABASE}.${CONFORMANCE_TABLE}`;
  for (const [sink, owner] of [
    [stranger, `other.${table}`],
    [named, `test.${table} of sink cache`],
  ] as const) {
    onTestFinished(() => sink.close());
    await sink.open(never);
    const mark = { phase: 'end', job: 'j', reconcile: true, since: sequenceAt(90), partitions: 1 } as const;
    const end = topic.snapshotMark(sequenceAt(91), mark);
    for (const delivery of [topic.schema(sequenceAt(1)), insert(20), topic.truncate(sequenceAt(80)), end]) {
      const [outcome] = await sink.write([delivery], never);
      expect(outcome).toMatchObject({
        kind: 'failed',
        error: { code: 'REDIS_KEYS_TAKEN', errorClass: 'schema' },
      });
      const { message } = (outcome as { error: PipelineError }).error;
      expect(message).toMatch(`the keys of ${owner} are those of test.${table}, as the key sluice:owner:`);
      expect(message).toContain('(`sinks.redis.keyPrefix`)');
    }
    const kept = sink.keep(end, [JSON.stringify({ id: 1 })], sequenceAt(90), never);
    await expect(kept).rejects.toMatchObject({ code: 'REDIS_KEYS_TAKEN' });
  }
  expect(await redis.client.get(rowName(redis, 1))).toContain(sequenceAt(10));
  // As the page of errors says.
  const [owner = ''] = await redis.client.keys(`sluice:owner:${rowName(redis, 1).slice(0, 20)}*`);
  await redis.client.del(owner);
  expect(await stranger.write([insert(20)], never)).toEqual([{ kind: 'applied' }]);
});

test('a hash has text fields, and no field for NULL', async () => {
  const redis = await open({ format: 'hash' });
  const topic = conformanceTopic();
  const write = (operation: 'INSERT' | 'DELETE' | 'SNAPSHOT', step: number, row: Row) =>
    redis.sink.write([topic.row({ operation, sequence: sequenceAt(step), row })], never);
  await write('INSERT', 10, itemRow(1, 1));
  expect(await redis.client.hgetall(rowName(redis, 1))).toMatchObject({
    _sequence: sequenceAt(10),
    id: '1',
    price: '12.50',
    details: JSON.stringify(itemRow(1, 1)['details']),
  });
  await write('SNAPSHOT', 10, nullRow(1));
  expect(await redis.client.hgetall(rowName(redis, 1))).toEqual({ _sequence: sequenceAt(10), id: '1' });
  expect(await write('INSERT', 9, itemRow(1, 1))).toEqual([{ kind: 'stale' }]);
  await write('DELETE', 11, itemRow(1, 1));
  expect(await redis.client.exists(rowName(redis, 1))).toBe(0);
  expect(await write('SNAPSHOT', 10, itemRow(1, 1))).toEqual([{ kind: 'stale' }]);
});

test('a deleted row leaves only its sequence, for the life of a tombstone', async () => {
  const redis = await open();
  const topic = conformanceTopic();
  await redis.sink.write(
    [topic.row({ operation: 'DELETE', sequence: sequenceAt(5), row: itemRow(1, 1) })],
    never,
  );
  const tombstone = tombstoneKey(rowName(redis, 1));
  expect(await redis.client.get(tombstone)).toBe(sequenceAt(5));
  const seconds = await redis.client.ttl(tombstone);
  expect(seconds).toBeGreaterThan(36.9 * 86_400);
  await redis.sink.write(
    [topic.row({ operation: 'INSERT', sequence: sequenceAt(6), row: itemRow(1, 1) })],
    never,
  );
  expect(await redis.client.exists(tombstone)).toBe(0);
});

test('a truncate of many rows leaves none, and its floor outlives the process', async () => {
  const redis = await open();
  const topic = conformanceTopic();
  const rows = Array.from({ length: 2500 }, (_, id) =>
    topic.row({ operation: 'INSERT', sequence: sequenceAt(10 + id), row: itemRow(id, 1) }),
  );
  await redis.sink.write(rows, never);
  await redis.sink.write([topic.truncate(sequenceAt(5000))], never);
  expect(
    await redis.client.exists(
      ...rows.map(({ envelope }) => rowName(redis, Number(envelope.payload.key['id']))),
    ),
  ).toBe(0);
  const prefix = rowName(redis, 0).slice(0, 37);
  expect(await redis.client.get(floorKey(tablePrefix(prefix, CONFORMANCE_DATABASE, CONFORMANCE_TABLE)))).toBe(
    sequenceAt(5000),
  );
});

test('scripts that the server has forgotten are loaded again', async () => {
  const redis = await open();
  const topic = conformanceTopic();
  await redis.client.script('FLUSH');
  const batch = [1, 2].map((id) =>
    topic.row({ operation: 'INSERT', sequence: sequenceAt(id), row: itemRow(id, 1) }),
  );
  expect(await redis.sink.write(batch, never)).toEqual([{ kind: 'applied' }, { kind: 'applied' }]);
});

test('a store that is empty although the group has read before is not filled in silence', async () => {
  const redis = testRedis(url, { hasProgress: true });
  onTestFinished(() => redis.close());
  await expect(redis.sink.open(never)).rejects.toMatchObject({ code: 'REDIS_EMPTIED', errorClass: 'fatal' });
  await redis.sink.close();
});

test('a group that has written below another prefix does not go on below this one in silence', async () => {
  const other = '2026-01-02T03:04:05.678Z "other:"';
  const redis = testRedis(url, { hasProgress: true });
  onTestFinished(() => redis.close());
  await redis.client.set(markerKey(redis.group), other);
  await expect(redis.sink.open(never)).rejects.toMatchObject({
    code: 'REDIS_EMPTIED',
    message: expect.stringContaining('keyPrefix was "other:"') as string,
  });
  await redis.sink.close();
  // Of an older version, which wrote no prefix; and from then on it is known.
  await redis.client.set(markerKey(redis.group), '2026-01-02T03:04:05.678Z');
  const again = redis.another();
  onTestFinished(() => again.close());
  await again.open(never);
  expect(await redis.client.get(markerKey(redis.group))).toMatch(/Z "[^"]+\/"$/);
});

test('a store that a person has let be filled again lacks rows until that is noted, and only once', async () => {
  const redis = await open({ hasProgress: true, marker: 'filled-again' });
  const notes: string[] = [];
  const note = async (): Promise<void> => {
    if (notes.push('noted') === 1) throw new PipelineError('KAFKA_UNREACHABLE', 'made by the test');
  };
  await expect(redis.sink.refill?.(note)).rejects.toMatchObject({ code: 'KAFKA_UNREACHABLE' });
  for (let start = 0; start < 2; start++) await redis.sink.refill?.(note);
  expect(notes).toEqual(['noted', 'noted']);
});

test.each([
  ['from an older save', (redis: TestRedis, marker: string) => redis.client.set(marker, '1')],
  ['without the newest writes', (redis: TestRedis, marker: string) => redis.client.del(marker)],
])('a server that comes back %s stops the sink, one that kept all does not', async (_, lose) => {
  const proxy = await cuttingProxy(new URL(url));
  onTestFinished(proxy.close);
  const redis = await open({}, `redis://127.0.0.1:${proxy.port}`);
  const topic = conformanceTopic();
  const write = (step: number) =>
    redis.sink
      .write([topic.row({ operation: 'INSERT', sequence: sequenceAt(step), row: itemRow(step, 1) })], never)
      .then(
        ([outcome]) => outcome?.kind,
        (error: unknown) => (error instanceof PipelineError ? error.code : null),
      );
  expect([await write(1), await write(2)]).toEqual(['applied', 'applied']);
  proxy.cut();
  await expect.poll(() => write(3), { timeout: 10_000 }).toMatch(/applied|stale/);
  const [marker = ''] = await redis.client.keys(`sluice:seal:${redis.group}:*`);
  await lose(redis, marker);
  proxy.cut();
  await expect.poll(() => write(4), { timeout: 10_000 }).toBe('REDIS_EMPTIED');
  expect(await redis.client.exists(markerKey(redis.group))).toBe(0);
});

test('forgotten scripts while many write are no loss', async () => {
  const proxy = await cuttingProxy(new URL(url));
  onTestFinished(proxy.close);
  const redis = await open({}, `redis://127.0.0.1:${proxy.port}`);
  const topic = conformanceTopic();
  let step = 1;
  const write = () =>
    redis.sink
      .write([topic.row({ operation: 'INSERT', sequence: sequenceAt(step), row: itemRow(step++, 1) })], never)
      .then(
        ([outcome]) => outcome?.kind,
        (error: unknown) => (error instanceof PipelineError ? error.code : null),
      );
  for (let round = 0; round < 8; round++) {
    await redis.client.script('FLUSH');
    // One after the other: the later find the scripts that the first has loaded, before its calls are made again.
    const writes: ReturnType<typeof write>[] = [];
    for (let worker = 0; worker < 20; worker++) {
      writes.push(write());
      await setImmediate();
    }
    expect(new Set(await Promise.all(writes))).toEqual(new Set(['applied']));
    proxy.cut();
    await expect.poll(write, { timeout: 10_000 }).not.toBe('REDIS_UNAVAILABLE');
    expect(await write()).toBe('applied');
  }
});

test('a replay does not bring back a row that another process has truncated', async () => {
  const redis = await open();
  const topic = conformanceTopic();
  const old = topic.row({ operation: 'INSERT', sequence: sequenceAt(1), row: itemRow(1, 1) });
  await redis.sink.write([old], never);
  const other = redis.another();
  await other.open(never);
  await other.write([topic.truncate(sequenceAt(5))], never);
  await other.close();
  expect(await redis.sink.write([old], never, 'replay')).toEqual([{ kind: 'stale' }]);
});

test.each(['with the next batch', 'while it has nothing to write'])(
  'a failover behind a connection that holds, which loses what was answered, stops the sink %s',
  async (when) => {
    const redis = await open();
    const topic = conformanceTopic();
    const write = (step: number) => {
      const row = itemRow(step, 1);
      return redis.sink.write([topic.row({ operation: 'INSERT', sequence: sequenceAt(step), row })], never);
    };
    await write(1);
    const [seal = ''] = await redis.client.keys(`sluice:seal:${redis.group}:*`);
    const kept = (await redis.client.get(seal)) ?? '';
    await write(2);
    await redis.sink.ping();
    // What a replica that was one batch behind has.
    await redis.client.del(rowName(redis, 2));
    await redis.client.set(seal, kept);
    const refused = { code: 'REDIS_EMPTIED', errorClass: 'fatal' };
    if (when === 'with the next batch') await expect(write(3)).rejects.toMatchObject(refused);
    else await expect(redis.sink.ping()).rejects.toMatchObject(refused);
    await expect(write(4)).rejects.toMatchObject(refused);
    expect(await redis.client.exists(markerKey(redis.group))).toBe(0);
  },
);

test('a server that comes back empty stops the sink', async () => {
  const proxy = await cuttingProxy(new URL(url));
  onTestFinished(proxy.close);
  const redis = await open({}, `redis://127.0.0.1:${proxy.port}`);
  const topic = conformanceTopic();
  const write = () =>
    redis.sink.write(
      [topic.row({ operation: 'INSERT', sequence: sequenceAt(1), row: itemRow(1, 1) })],
      never,
    );
  await write();
  await redis.client.del(markerKey(redis.group));
  proxy.cut();
  await expect
    .poll(
      () =>
        write().then(
          () => 'written',
          (error: unknown) => (error instanceof PipelineError ? error.code : null),
        ),
      { timeout: 10_000 },
    )
    .toBe('REDIS_EMPTIED');
});

test('a server that a person empties stops the sink while it has nothing to write', async () => {
  const redis = await open();
  const row = conformanceTopic().row({
    operation: 'INSERT',
    sequence: sequenceAt(1),
    row: itemRow(1, 1),
  });
  await redis.sink.ping();
  // What FLUSHALL takes of it; the other tests have keys on this server.
  await redis.client.del(markerKey(redis.group));
  const refused = { code: 'REDIS_EMPTIED', errorClass: 'fatal' };
  await expect(redis.sink.ping()).rejects.toMatchObject(refused);
  await redis.client.set(markerKey(redis.group), 'filled-again');
  await expect(redis.sink.ping()).rejects.toMatchObject(refused);
  await expect(redis.sink.write([row], never)).rejects.toMatchObject(refused);
  const again = redis.another();
  onTestFinished(() => again.close());
  await again.open(never);
  await again.ping();
});

/** A TCP proxy whose connections can be cut. */
async function cuttingProxy(target: URL): Promise<{ port: number; cut: () => void; close: () => void }> {
  const sockets = new Set<Socket>();
  const server: Server = createServer((client) => {
    const upstream = connect(Number(target.port), target.hostname);
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => sockets.delete(socket));
    }
    client.pipe(upstream).pipe(client);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const cut = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    cut,
    close: () => {
      cut();
      server.close();
    },
  };
}
