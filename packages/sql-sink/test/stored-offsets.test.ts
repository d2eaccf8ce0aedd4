import type { Delivery } from '@sluice/sink-kit';
import { sequenceAt, TestTopic } from '@sluice/sink-kit/testing';
import { inTransaction, Sessions, StoredOffsets } from '@sluice/sql-sink';
import { describe, expect, test } from 'vitest';
import { sqliteStore, type SqliteStore } from './sqlite-store.ts';

const never = new AbortController().signal;
const id = { name: 'id', type: 'int', nullable: false, charset: null };
const orders = new TestTopic({ database: 'shop', table: 'orders', columns: [id], keyColumns: ['id'] });
const order = (step: number): Delivery =>
  orders.row({ operation: 'INSERT', sequence: sequenceAt(step), row: { id: step } });

/** A worker of the one group; `write` is a transaction that only claims. */
function worker(store: SqliteStore) {
  const sessions = new Sessions(store.driver, 10_000);
  const offsets = new StoredOffsets(sessions, store, 'group');
  const write = (batch: readonly Delivery[], purpose: 'stream' | 'replay' = 'stream'): Promise<void> =>
    sessions.run(never, (connection) =>
      inTransaction(store.driver, connection, () => offsets.claim(connection, batch, purpose)),
    );
  return { offsets, write };
}

describe('an offset', () => {
  test('is stored with the batch, and never falls', async () => {
    const store = sqliteStore();
    const { offsets, write } = worker(store);
    const [first, second] = [order(1), order(2)];
    expect(await offsets.read(orders.topic, 0)).toBeNull();
    await write([first, second]);
    await write([first]);
    await offsets.advance(orders.topic, 0, first.next);
    expect(await offsets.read(orders.topic, 0)).toBe(second.next);
    await offsets.advance(orders.topic, 0, second.next + 5n);
    expect(await offsets.read(orders.topic, 0)).toBe(second.next + 5n);
  });

  test('is the new owner’s: the old one is told, until it reads again', async () => {
    const store = sqliteStore();
    const [old, young] = [worker(store), worker(store)];
    const batch = [order(3)];
    for (const { offsets } of [old, young]) await offsets.read(orders.topic, 0);
    await young.write([order(4)]);
    await expect(old.write(batch)).rejects.toMatchObject({ code: 'TARGET_OFFSET_MOVED' });
    await expect(old.write(batch)).rejects.toMatchObject({ code: 'TARGET_OFFSET_MOVED' });
    await old.offsets.read(orders.topic, 0);
    await old.write([order(5)]);
    await expect(young.write([order(6)])).rejects.toMatchObject({ code: 'TARGET_OFFSET_MOVED' });
  });

  test('is moved by no replay, and by none who has not read it', async () => {
    const { offsets, write } = worker(sqliteStore());
    await write([order(7)]);
    expect(await offsets.read(orders.topic, 0)).toBeNull();
    await write([order(8)], 'replay');
    expect(await offsets.read(orders.topic, 0)).toBeNull();
  });

  test('stands where a COMMIT without an answer may have put it', async () => {
    const store = sqliteStore();
    const { offsets, write } = worker(store);
    const [first, second] = [order(9), order(10)];
    await offsets.read(orders.topic, 0);
    await write([first]);
    const { change } = store.driver;
    const answers = { lost: true };
    store.driver.change = async (connection, sql, values) => {
      const changed = await change(connection, sql, values);
      if (sql !== 'COMMIT' || !answers.lost) return changed;
      answers.lost = false;
      throw new Error('no answer');
    };
    await expect(write([second])).rejects.toThrow();
    await write([second]);
    expect(await offsets.read(orders.topic, 0)).toBe(second.next);
  });

  test('of a topic that was made again is forgotten; one that an operator sets counts without an id', async () => {
    const { offsets } = worker(sqliteStore());
    await offsets.keepTopicId(orders.topic, 0, 'one');
    await offsets.set(orders.topic, 0, 7n);
    expect([await offsets.read(orders.topic, 0), await offsets.topicId(orders.topic, 0)]).toEqual([7n, null]);
    await offsets.keepTopicId(orders.topic, 0, 'one');
    expect(await offsets.read(orders.topic, 0)).toBe(7n);
    await offsets.keepTopicId(orders.topic, 0, 'two');
    expect([await offsets.read(orders.topic, 0), await offsets.topicId(orders.topic, 0)]).toEqual([
      null,
      'two',
    ]);
  });
});
