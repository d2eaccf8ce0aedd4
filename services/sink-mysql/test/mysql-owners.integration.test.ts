import { startStack } from '@sluice/local-stack';
import type { Delivery } from '@sluice/sink-kit';
import { sequenceAt, TestTopic } from '@sluice/sink-kit/testing';
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { MysqlSink } from '../src/mysql-sink.ts';
import { TargetFixture } from './target-fixture.ts';
import { id, text, topicOf, write } from './target-records.ts';

const stack = await startStack({ servers: ['target-mysql', 'mariadb'] });
afterAll(() => stack.stop());
const never = new AbortController().signal;

describe.each([
  ['MySQL', stack.targetMysql],
  ['MariaDB', stack.mariadb],
])('%s', (_, server) => {
  let fixture: TargetFixture;

  beforeEach(async () => {
    fixture = await TargetFixture.create(server, 'shop');
  });
  afterEach(() => fixture.remove());

  test('the copy of another table or pipeline is not written over, and its owner is named', async () => {
    const orders = topicOf('orders', [id]);
    const first = await fixture.worker();
    expect(await write(first, orders.schema(sequenceAt(1)))).toEqual(['applied']);
    expect(await write(first, orders.schema(sequenceAt(2)))).toEqual(['applied']);
    const other = await fixture.worker({ stateDatabase: `${fixture.database}_state` }, 'other');
    const elsewhere = new TestTopic({
      database: 'store',
      table: 'orders',
      columns: [id],
      keyColumns: ['id'],
    });
    const mapped = await fixture.worker({ databases: { store: fixture.database } });
    const named = await fixture.worker({}, 'test', 'canary');
    for (const [sink, topic, name] of [
      [other, topicOf('orders', [id], ['id'], 1), 'other.shop.orders'],
      [mapped, elsewhere, 'test.store.orders'],
      [named, topicOf('orders', [id], ['id'], 1), 'test.shop.orders of sink canary'],
    ] as const) {
      const [outcome] = await sink.write([topic.schema(sequenceAt(3))], never);
      expect(outcome).toMatchObject({ kind: 'failed', error: { code: 'TARGET_TABLE_REFUSED' } });
      const { message } = (outcome as { error: Error }).error;
      expect(message).toMatch(`is the copy of test.shop.orders, not of ${name}: map one`);
    }
    // As the message says.
    const [outcome] = await other.write([topicOf('orders', [id], ['id'], 1).schema(sequenceAt(3))], never);
    const statement = /ALTER TABLE .*/.exec((outcome as { error: Error }).error.message)?.[0] ?? '';
    await fixture.reader.query(statement);
    expect(await write(other, topicOf('orders', [id], ['id'], 1).schema(sequenceAt(4)))).toEqual(['applied']);
  });

  describe('of two source databases that are mapped to one', () => {
    const orders = topicOf('orders', [id, text('note')]);
    const others = new TestTopic({
      database: 'store',
      table: 'orders',
      columns: [id, text('note')],
      keyColumns: ['id'],
    });
    const order = (topic: TestTopic, step: number, operation: 'INSERT' | 'UPDATE' = 'INSERT'): Delivery =>
      topic.row({ operation, sequence: sequenceAt(step), row: { id: step % 10, note: `n${step}` } });
    const mark = { phase: 'end', job: 'j', reconcile: true, since: sequenceAt(90), partitions: 1 } as const;
    const end = others.snapshotMark(sequenceAt(91), mark);
    const both = (): Promise<MysqlSink> =>
      fixture.worker({ databases: { shop: fixture.database, store: fixture.database } });
    const refusal = `TARGET_TABLE_REFUSED: %t is the copy of test.shop.orders, not of test.store.orders: map one of the two to another database (\`sinks.mysql.databases\`), or put {database} into \`sinks.mysql.tableTemplate\`; if the other no longer exists: `;
    const messages = async (sink: MysqlSink, ...batch: Delivery[]): Promise<string[]> =>
      (await sink.write(batch, never)).map((outcome) =>
        outcome.kind === 'failed' ? `${outcome.error.code}: ${outcome.error.message}` : outcome.kind,
      );

    test('nothing of the second reaches the table of the first, whatever its topic has lost', async () => {
      const sink = await fixture.worker();
      await write(sink, orders.schema(sequenceAt(1)));
      expect(await write(sink, order(orders, 2), order(orders, 3))).toEqual(['applied', 'applied']);
      const before = await fixture.all('orders');
      const late = await both();
      for (const delivery of [
        order(others, 13),
        order(others, 12, 'UPDATE'),
        others.row({ operation: 'DELETE', sequence: sequenceAt(14), row: { id: 2, note: null } }),
        others.truncate(sequenceAt(80)),
        end,
      ]) {
        const [message = ''] = await messages(late, delivery);
        expect(message).toContain(refusal.replace('%t', fixture.table('orders')));
      }
      await expect(late.keep(end, ['{"id":2}'], sequenceAt(90), never)).rejects.toMatchObject({
        code: 'TARGET_TABLE_REFUSED',
      });
      expect(await fixture.all('orders')).toEqual(before);
      // The one process goes on with the first, whose rows no order of the second has made stale.
      expect(await write(late, order(orders, 4), order(orders, 12, 'UPDATE'))).toEqual([
        'applied',
        'applied',
      ]);
      expect((await fixture.all('orders')).map(({ note }) => note)).toEqual(['n12', 'n3', 'n4']);
    });

    test('a table that rows alone come for is marked as the copy of theirs', async () => {
      const sink = await both();
      await write(sink, orders.schema(sequenceAt(1)));
      const unmark = `ALTER TABLE ${fixture.table('orders')} MODIFY _sluice_sequence BIGINT NOT NULL DEFAULT 0 INVISIBLE`;
      await fixture.reader.query(unmark);
      const [one, two] = [await both(), await both()];
      // At the same time: one of the two is first, and the other is refused.
      const outcomes = await Promise.all([messages(one, order(orders, 2)), messages(two, order(others, 3))]);
      const applied = outcomes.filter(([outcome]) => outcome === 'applied');
      expect(applied).toHaveLength(1);
      expect(outcomes.flat().find((outcome) => outcome !== 'applied')).toMatch(
        /is the copy of test\.(shop|store)\.orders, not of test\.(shop|store)\.orders: map/,
      );
      expect(await fixture.all('orders')).toHaveLength(1);
    });

    test('where the account may not mark it, a process lets the first have the table', async () => {
      const sink = await both();
      await write(sink, orders.schema(sequenceAt(1)));
      const unmark = `ALTER TABLE ${fixture.table('orders')} MODIFY _sluice_sequence BIGINT NOT NULL DEFAULT 0 INVISIBLE`;
      await fixture.reader.query(unmark);
      await fixture.reader.query(`REVOKE ALTER ON \`${fixture.database}\`.* FROM '${fixture.database}'@'%'`);
      const late = await both();
      expect(await write(late, order(orders, 2))).toEqual(['applied']);
      for (const delivery of [order(others, 13), order(others, 14), others.truncate(sequenceAt(80))])
        expect(await write(late, delivery)).toEqual(['TARGET_TABLE_REFUSED']);
      expect(await write(late, order(orders, 3))).toEqual(['applied']);
      expect((await fixture.all('orders')).map(({ note }) => note)).toEqual(['n2', 'n3']);
    });

    test('a table that was given to another is not touched by what was said before', async () => {
      const sink = await both();
      await write(sink, orders.schema(sequenceAt(1)));
      expect(await write(sink, order(orders, 2))).toEqual(['applied']);
      expect(await write(sink, orders.truncate(sequenceAt(50)))).toEqual(['applied']);
      const [message = ''] = await messages(sink, others.schema(sequenceAt(3)));
      await fixture.reader.query(/ALTER TABLE .*/.exec(message)?.[0] ?? '');
      const late = await both();
      expect(await write(late, others.schema(sequenceAt(3)))).toEqual(['applied']);
      expect(await write(late, order(others, 4))).toEqual(['applied']);
      expect(await write(late, orders.schema(sequenceAt(1)))).toEqual(['applied']);
      expect(await write(late, order(orders, 3))).toEqual(['stale']);
      expect(await write(late, orders.truncate(sequenceAt(50)))).toEqual(['applied']);
      expect(await write(late, order(orders, 52))).toEqual(['TARGET_TABLE_REFUSED']);
      expect((await fixture.all('orders')).map(({ note }) => note)).toEqual(['n4']);
    });
  });
});
