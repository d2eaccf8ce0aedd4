import { createLogger } from '@sluice/runtime';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { InstanceRecord } from '../../src/standby/instance-record.ts';
import type { InstancesTopic } from '../../src/standby/instances-topic.ts';
import { NewestWrites } from '../../src/standby/newest-writes.ts';
import { OwnInstance } from '../../src/standby/own-instance.ts';

const ORDER = { id: 'order-1', of: 'leader-1', to: null };

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** A standby, and Kafka, which stores nothing until it is back. */
function standby(): {
  readonly own: OwnInstance;
  readonly stored: (InstanceRecord | null)[];
  readonly back: () => void;
} {
  const stored: (InstanceRecord | null)[] = [];
  const outage = Promise.withResolvers<void>();
  const writes = new NewestWrites<InstanceRecord | null>(async (_name, record) => {
    await outage.promise;
    stored.push(record);
  });
  const topic = {
    write: (name: string, record: InstanceRecord | null) => writes.write(name, record),
  } as unknown as InstancesTopic;
  const log = createLogger('test', { level: 'silent' });
  const own = new OwnInstance({ topic, takeoverMs: 9000, state: () => 'standby', isWell: () => true, log });
  return { own, stored, back: outage.resolve };
}

test('an order that Kafka does not store in time is taken back: nothing of it comes when Kafka does', async () => {
  const { own, stored, back } = standby();
  const announced = own.say({});
  const asked = own.ask(ORDER);
  await vi.advanceTimersByTimeAsync(2000);
  expect(await asked).toBe(false);
  expect(await announced).toBe(false);
  back();
  await vi.advanceTimersByTimeAsync(0);
  expect(stored.map((record) => record?.request)).toEqual([null, null]);
});

test('one that is stored stands', async () => {
  const { own, stored, back } = standby();
  back();
  expect(await own.ask(ORDER)).toBe(true);
  await own.say({});
  expect(stored.map((record) => record?.request)).toEqual([ORDER, ORDER]);
});

test('one that was on its way when Kafka went away is taken back right behind it', async () => {
  const { own, stored, back } = standby();
  const asked = own.ask(ORDER);
  await vi.advanceTimersByTimeAsync(2000);
  expect(await asked).toBe(false);
  back();
  await vi.advanceTimersByTimeAsync(0);
  expect(stored.map((record) => record?.request)).toEqual([ORDER, null]);
});

test('what it says again and again does not queue while Kafka is away', async () => {
  const { own, stored, back } = standby();
  const stop = new AbortController();
  void own.say({});
  const renewing = own.renew(stop.signal);
  await vi.advanceTimersByTimeAsync(600_000);
  stop.abort();
  await vi.advanceTimersByTimeAsync(2000);
  await renewing;
  back();
  await vi.advanceTimersByTimeAsync(0);
  expect(stored).toHaveLength(2);
});

test('the last word of a leader stands, whatever it says behind it', async () => {
  const { own, stored, back } = standby();
  void own.lead({ producerId: 7n, producerEpoch: 1 });
  void own.say({});
  void own.goodbye('standby-1');
  void own.say({});
  back();
  await vi.advanceTimersByTimeAsync(0);
  expect(stored.map((record) => [record?.term ?? null, record?.goodbye])).toEqual([
    [{ producerId: '7', epoch: 1 }, null],
    [{ producerId: '7', epoch: 1 }, { to: 'standby-1' }],
    [null, null],
  ]);
});
