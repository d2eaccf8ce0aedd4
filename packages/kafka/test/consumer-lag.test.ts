import { expect, test } from 'vitest';
import { lagOf, measureLag, strangersIn } from '../src/consumer-lag.ts';
import type { TopicPartition } from '../src/consumer-start.ts';

const ORDERS = [0, 1].map((partition) => ({ topic: 'orders', partition }));

function adminOf(ends: Readonly<Record<string, readonly number[]>>): Parameters<typeof measureLag>[0] {
  return {
    fetchTopicOffsets: async (topic) =>
      (ends[topic] ?? []).map((high, partition) => ({
        partition,
        offset: String(high),
        high: String(high),
        low: '0',
      })),
  };
}

function standing(at: bigint | undefined): (where: TopicPartition) => bigint | undefined {
  return () => at;
}

test('an end marker that was not read is no lag', () => {
  expect([lagOf(10n, 10n), lagOf(10n, 9n), lagOf(10n, 8n), lagOf(10n, 12n)]).toEqual([0, 0, 2, 0]);
});

test('the lag is that of every assigned partition', async () => {
  const lag = await measureLag(adminOf({ orders: [10, 50] }), {
    partitions: ORDERS,
    position: standing(4n),
  });
  expect(lag).toEqual([
    { topic: 'orders', partition: 0, records: 6 },
    { topic: 'orders', partition: 1, records: 46 },
  ]);
});

test('it is not known while a partition has no position or no end, or when they are others by now', async () => {
  const admin = adminOf({ orders: [10, 50] });
  expect(await measureLag(admin, { partitions: ORDERS, position: standing(undefined) })).toBeNull();
  expect(await measureLag(adminOf({}), { partitions: ORDERS, position: standing(4n) })).toBeNull();
  const moving = {
    get partitions() {
      return [...ORDERS];
    },
    position: standing(4n),
  };
  expect(await measureLag(admin, moving)).toBeNull();
});

test('members by another client id are named with their host', async () => {
  const members = [
    { clientId: 'sluice', clientHost: '/10.0.0.1' },
    { clientId: 'console', clientHost: '/10.0.0.2' },
  ];
  const admin = { describeGroups: async () => ({ groups: [{ members }] }) };
  expect(
    await strangersIn(admin as unknown as Parameters<typeof strangersIn>[0], 'p.cache', 'sluice'),
  ).toEqual(['console at 10.0.0.2']);
});
