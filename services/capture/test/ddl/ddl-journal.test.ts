import type { DdlRecord } from '@sluice/envelope';
import { expect, test } from 'vitest';
import { DdlJournal } from '../../src/ddl/ddl-journal.ts';
import { clearedRecord, ddlRecord } from '../support/ddl-records.ts';

const record = (
  number: number,
  policy: 'apply' | 'alert' = 'alert',
  change: Partial<DdlRecord['payload']> = {},
): DdlRecord => ddlRecord(number, { policy, ...change });

const bytes = (value: unknown): Buffer => Buffer.from(JSON.stringify(value));

test('alerts stand until they are cleared, whatever is read again', () => {
  const journal = new DdlJournal();
  for (const value of [record(1), record(2), record(3, 'apply')]) journal.restore(bytes(value));
  const id = record(1).payload.id;
  journal.restore(bytes(clearedRecord([id])));
  expect(journal.alerts.map((alert) => alert.id)).toEqual([record(2).payload.id]);
  expect(journal.history().map((entry) => entry.id)).toEqual(
    [3, 2, 1].map((number) => record(number).payload.id),
  );
});

test('what is no record says nothing', () => {
  const journal = new DdlJournal();
  journal.restore(Buffer.from('{'));
  journal.restore(bytes({ schema: { version: 1, type: 'ddl-more' } }));
  expect(journal.history()).toEqual([]);
});

test('the history keeps the newest', () => {
  const journal = new DdlJournal();
  for (let number = 1; number <= 3000; number++) journal.apply(record(number, 'apply'));
  expect(journal.history()).toHaveLength(1000);
  expect(journal.history(1)[0]?.id).toBe(record(3000).payload.id);
});

test('the newest change of the columns of a table is known by its statement, whoever has cleared it', () => {
  const journal = new DdlJournal();
  expect(journal.lastChange('shop.orders')).toBeNull();
  for (const value of [
    record(1),
    record(2, 'apply', { class: 'drop', tables: ['shop.lines', 'shop.orders'] }),
    record(3, 'apply', { class: 'truncate' }),
    record(4, 'alert', { unseen: true }),
  ])
    journal.restore(bytes(value));
  const [first, second] = [record(1).payload.id, record(2).payload.id];
  journal.restore(bytes(clearedRecord([first])));
  expect([journal.lastChange('shop.orders'), journal.lastChange('shop.lines')]).toEqual([second, second]);
});

test('entries without a sequence of their own get free ids', () => {
  const journal = new DdlJournal();
  for (const number of [8, 9]) journal.apply(record(number));
  expect([journal.freeId(record(7).payload.id), journal.freeId(record(20).payload.id)]).toEqual([
    record(10).payload.id,
    record(21).payload.id,
  ]);
});

const prepared = (number: number, xid: string, table: string): DdlRecord =>
  record(number, 'alert', {
    class: 'xa',
    policy: 'pause-table',
    tables: [table],
    statement: `XA PREPARE ${xid}`,
  });

test('a table is stopped however many alerts stand, and a commit finds it however much came since', () => {
  const journal = new DdlJournal();
  for (let number = 1; number <= 10_001; number++) journal.apply(record(number));
  journal.apply(prepared(20_000, "'a'", 'shop.carts'));
  journal.apply(prepared(20_001, "'a'", 'shop.orders'));
  for (let number = 30_000; number < 33_000; number++) journal.apply(record(number, 'apply'));
  expect(journal.alerts).toHaveLength(10_002);
  expect(journal.stopped).toEqual(['shop.carts', 'shop.orders']);
  expect(journal.isStopped('shop.carts')).toBe(true);
  expect(journal.isStopped('shop.cart')).toBe(false);
  expect(journal.tablesOfPrepared("XA PREPARE 'a'")).toEqual(['shop.carts', 'shop.orders']);
  journal.apply(clearedRecord([prepared(20_000, '', '').payload.id]));
  expect(journal.stopped).toEqual(['shop.orders']);
  expect(journal.tablesOfPrepared("XA PREPARE 'a'")).toEqual(['shop.carts', 'shop.orders']);
});
