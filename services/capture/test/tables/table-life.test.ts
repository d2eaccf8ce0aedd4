import { describe, expect, test } from 'vitest';
import { recordsOf } from '../support/buffer-records.ts';
import { begin, ORDERS, statement } from '../support/streams.ts';
import { lifeOf, type LifeOptions, type LifeSetup } from '../support/table-life.ts';
import { tableMap } from '../support/table-maps.ts';

describe('a table that changed hands', () => {
  test.each([
    'RENAME TABLE crm.a TO orders',
    'ALTER TABLE crm.a RENAME TO shop.orders',
    'rename /* gh-ost */ table `shop`.`orders` to `shop`.`_orders_del`, `shop`.`_orders_gho` to `shop`.`orders`',
    'RENAME TABLE `shop`.`orders` TO `shop`.`_orders_old`, `shop`.`_orders_new` TO `shop`.`orders`',
  ])('%s: its snapshot is owed', async (sql) => {
    const { stream, jobStore, owed, settle } = lifeOf({ table: 'orders' });
    statement(stream, sql, 200);
    await settle();
    expect([[...jobStore.whole], owed(), stream.mustSettleTables]).toEqual([[], ['orders'], false]);
  });

  test.each(['ALTER TABLE orders TRUNCATE PARTITION p0', 'ALTER TABLE orders ADD x INT NOT NULL DEFAULT 7'])(
    '%s: its rows are read again',
    async (sql) => {
      const { stream, jobStore, settle } = lifeOf({ table: 'orders', versions: ['orders'] });
      statement(stream, sql, 200);
      await settle();
      expect([...jobStore.whole]).toEqual([]);
      expect(jobStore.jobs).toMatchObject([
        { table: 'orders', state: 'pending', since: null, reconcile: true },
      ]);
    },
  );

  test.each([
    'ALTER TABLE orders ADD INDEX (v)',
    'alter /* gh-ost */ table `shop`.`_orders_gho` add column x int',
    'ALTER TABLE crm.a ADD x INT',
  ])('%s: nothing is owed', async (sql) => {
    const { stream, jobStore, settle } = lifeOf({});
    statement(stream, sql, 200);
    expect(stream.mustSettleTables).toBe(false);
    await settle();
    expect(jobStore.knows('shop.orders')).toBe(true);
  });

  test('an ALTER while its rows are read makes them be read from the beginning', async () => {
    const { stream, jobStore, owed, settle } = lifeOf({ table: 'orders', whole: [] });
    jobStore.owe([ORDERS], () => false, 0);
    jobStore.move('initial/shop.orders', 'start', 0);
    jobStore.update('initial/shop.orders', { since: '1', lastKey: ['7'] });
    statement(stream, 'ALTER TABLE orders ADD x INT NOT NULL DEFAULT 7', 200);
    await settle();
    expect(owed()).toEqual(['orders']);
    expect(jobStore.jobs).toMatchObject([{ state: 'pending', since: null, lastKey: null }]);
  });

  test.each([
    ['gone by now', { exists: false }],
    ['no table that can be captured any more', { keyless: true }],
    ['not shown to the account', { exists: false, refusal: 1142 }],
  ])('an ALTER of a table that is %s owes nothing', async (_what, options) => {
    const { stream, jobStore, uncaptured, owed, settle } = lifeOf({ table: 'orders', ...options });
    statement(stream, 'ALTER TABLE orders ADD x INT', 200);
    await settle();
    expect([owed(), [...jobStore.whole]]).toEqual([[], []]);
    expect(uncaptured()).toEqual(_what === 'gone by now' ? [] : ['shop.orders']);
  });

  test('owes nothing where no snapshots are taken', async () => {
    const { stream, jobStore, settle } = lifeOf({ mode: 'never', table: 'orders' });
    statement(stream, 'RENAME TABLE crm.a TO orders', 200);
    await settle();
    expect(jobStore.knows('shop.orders')).toBe(true);
  });
});

test('a table that could not be captured is looked at when it gets another engine', async () => {
  const { stream, source, uncaptured, owed, settle } = lifeOf({ table: 'orders', keyless: true });
  statement(stream, 'ALTER TABLE orders ADD x INT', 200);
  await settle();
  expect(uncaptured()).toEqual(['shop.orders']);
  source.keyless = false;
  statement(stream, 'ALTER TABLE orders ENGINE=InnoDB', 400);
  await settle();
  expect([uncaptured(), owed()]).toEqual([[], ['orders']]);
});

test.each([
  ['is gone is told as dropped', false, [['drop', 'alert', 'shop.orders', '(no statement in the binlog)']]],
  ['is there after all is left as it is', true, []],
])('a table that seems to be gone and %s', async (_what, exists, alerts) => {
  const setup = lifeOf({ table: 'orders', exists, versions: ['orders'] });
  setup.work.add({ kind: 'vanished', table: { database: 'shop', table: 'orders' } });
  await setup.settle();
  const told = setup.journal.alerts.map((alert) => [
    alert.class,
    alert.policy,
    alert.tables.join(),
    alert.statement,
  ]);
  expect(told).toEqual(alerts);
  expect(setup.jobStore.knows('shop.orders')).toBe(exists);
});

test('one that is captured is not read again for its engine', async () => {
  const { stream, owed, settle } = lifeOf({ table: 'orders' });
  statement(stream, 'ALTER TABLE orders ENGINE=InnoDB', 200);
  await settle();
  expect(owed()).toEqual([]);
});

test('a table that is stopped is to be read when it goes on, also where no snapshots are taken', async () => {
  const { stream, jobStore, settle } = lifeOf({ mode: 'never', table: 'orders', stopped: ['shop.orders'] });
  statement(stream, 'RENAME TABLE crm.a TO orders', 200);
  await settle();
  expect(jobStore.jobs).toMatchObject([
    { table: 'orders', origin: 'request', reconcile: true, state: 'pending' },
  ]);
});

test.each([
  ['initial', { table: 'orders', id: 'initial/shop.orders' }],
  ['never', { table: 'orders', id: 's2' }],
] as const)(
  'a table that goes on is met anew, and a job that has begun before is worth nothing (%s)',
  async (mode, job) => {
    const { jobStore, work, forgotten, settle } = lifeOf({ mode, table: 'orders', whole: [] });
    const table = { database: 'shop', table: 'orders' };
    work.add({ kind: 'stopped', table });
    await settle();
    const id = jobStore.jobs[0]?.id ?? '';
    jobStore.move(id, 'start', 0);
    jobStore.update(id, { since: '1' });
    work.add({ kind: 'resumed', table });
    await settle();
    expect(jobStore.jobs.filter(({ since }) => since === null)).toMatchObject([{ ...job, state: 'pending' }]);
    expect(forgotten()).toBe(1);
  },
);

test.each([
  ['goes on already is read once more when the transaction commits', [], 1],
  ['is still stopped is read when it goes on', ['shop.orders'], 0],
])('a table of an XA transaction that %s', async (_what, stopped, jobs) => {
  const { stream, work, jobStore, settle } = lifeOf({ stopped });
  work.add({ kind: 'xa-committed', table: { database: 'shop', table: 'orders' } });
  expect(stream.mustSettleTables).toBe(true);
  await settle();
  expect([jobStore.jobs.length, stream.mustSettleTables]).toEqual([jobs, false]);
});

test('a table that could not be read is left alone, and owed as soon as it can be', async () => {
  const { jobStore, work, source, owed, uncaptured, settle } = lifeOf({ table: 'orders', keyless: true });
  const table = { database: 'shop', table: 'orders' };
  work.add({ kind: 'unreadable', table });
  await settle();
  expect([uncaptured(), owed(), [...jobStore.whole]]).toEqual([['shop.orders'], [], []]);
  source.keyless = false;
  work.add({ kind: 'unreadable', table });
  await settle();
  expect([uncaptured(), owed()]).toEqual([[], ['orders']]);
});

describe('a table whose name was given up', () => {
  test.each(['DROP TABLE orders', 'DROP DATABASE shop', 'RENAME TABLE orders TO crm.sold'])(
    '%s: what was read of it is worth nothing, and one that is made is read from the stream',
    async (sql) => {
      const { stream, jobStore, settle } = lifeOf({ versions: ['orders'] });
      statement(stream, sql, 200);
      expect(stream.mustSettleTables).toBe(true);
      await settle();
      expect(jobStore.knows('shop.orders')).toBe(false);
      statement(stream, 'CREATE TABLE IF NOT EXISTS orders (id INT PRIMARY KEY)', 400);
      await settle();
      expect(jobStore.whole).toEqual(new Set(['shop.orders']));
    },
  );

  test('of which rows come all the same is read: nothing tells how it was made', async () => {
    const { stream, routes, owed, settle } = lifeOf({
      table: 'orders',
      columns: ['id', 'v'],
      versions: ['orders'],
    });
    const orders = tableMap({ tableId: 8, table: 'orders' });
    statement(stream, 'RENAME TABLE orders TO crm.sold', 200);
    await settle();
    begin(stream, 400, null, orders);
    await settle();
    expect([owed(), routes.of(orders)?.encoder.table.table]).toEqual([['orders'], 'orders']);
  });

  test('by a statement that an earlier life has seen: what stands there is read', async () => {
    const { stream, jobStore, owed, settle } = lifeOf({ table: 'orders', whole: [] });
    statement(stream, 'CREATE TABLE IF NOT EXISTS orders LIKE lines', 200);
    await settle();
    expect([[...jobStore.whole], owed()]).toEqual([[], ['orders']]);
  });

  test('one that was never given up is only found by CREATE TABLE IF NOT EXISTS', async () => {
    const { stream, jobStore, settle } = lifeOf({});
    statement(stream, 'CREATE TABLE IF NOT EXISTS orders LIKE lines', 200);
    await settle();
    expect(jobStore.whole).toEqual(new Set(['shop.orders']));
  });

  test('a stopped table that is made anew is not taken for read', async () => {
    const { stream, jobStore, settle } = lifeOf({ stopped: ['shop.orders'] });
    statement(stream, 'DROP TABLE orders', 200);
    await settle();
    statement(stream, 'CREATE TABLE orders LIKE lines', 400);
    await settle();
    expect(jobStore.knows('shop.orders')).toBe(false);
  });
});

describe('a table that was not there when this life began', () => {
  const lines = tableMap({ tableId: 7, table: 'lines' });

  test('owes its snapshot when it exists and the stream has not seen it made', async () => {
    const { stream, routes, owed, settle } = lifeOf({ columns: ['id', 'v'], topics: ['orders'] });
    begin(stream, 200, null, lines);
    await settle();
    expect([owed(), routes.of(lines)?.encoder.table.table]).toEqual([['lines'], 'lines']);
  });

  test.each([
    ['ALTER TABLE crm.parts EXCHANGE PARTITION p0 WITH TABLE lines', 'CREATE TABLE lines LIKE orders'],
    ['ALTER TABLE lines IMPORT TABLESPACE', 'CREATE TABLE lines LIKE orders'],
    ['ALTER TABLE crm.parts CONVERT PARTITION p0 TO TABLE lines', null],
    ['CREATE TABLE IF NOT EXISTS lines LIKE orders', null],
  ])('%s: rows that no event brought are read, whether others follow or not', async (sql, made) => {
    const { stream, jobStore, owed, settle } = lifeOf({ columns: ['id', 'v'], topics: ['orders'] });
    if (made !== null) statement(stream, made, 200);
    await settle();
    statement(stream, sql, 400);
    await settle();
    expect(owed()).toEqual(['lines']);
    begin(stream, 600, null, lines);
    await settle();
    expect([owed(), [...jobStore.whole]]).toEqual([['lines'], ['shop.orders']]);
  });

  test.each([
    ['CREATE TABLE lines LIKE orders', ['shop.orders', 'shop.lines'], []],
    ['DROP TABLE lines; CREATE TABLE IF NOT EXISTS lines LIKE orders', ['shop.orders', 'shop.lines'], []],
    ['CREATE TABLE IF NOT EXISTS lines LIKE orders', ['shop.orders'], ['lines']],
  ])('%s, then rows', async (statements, whole, owes) => {
    const { stream, jobStore, owed, settle } = lifeOf({ columns: ['id', 'v'], topics: ['orders'] });
    for (const [n, sql] of statements.split('; ').entries()) statement(stream, sql, 200 + 100 * n);
    begin(stream, 600, null, lines);
    await settle();
    expect([[...jobStore.whole], owed()]).toEqual([whole, owes]);
  });

  test.each([
    ['is there, is read', {}, ['lines'], []],
    ['is gone by now, is not', { exists: false }, [], []],
    ['cannot be captured, is left alone', { keyless: true }, [], ['shop.lines']],
  ] as const)(
    'one that the source has and the stream never told of: when it %s',
    async (_what, options, owes, alone) => {
      const { work, owed, uncaptured, settle } = lifeOf({ topics: ['orders'], ...options });
      for (let round = 0; round < 2; round++) work.add({ kind: 'unaccounted', table: lines });
      await settle();
      expect([owed(), uncaptured()]).toEqual([owes, alone]);
    },
  );

  test('one that was there owes what it owes', async () => {
    const { stream, jobStore, settle } = lifeOf({ topics: ['orders', 'lines'] });
    begin(stream, 200, null, lines);
    expect(stream.mustSettleTables).toBe(false);
    await settle();
    expect(jobStore.knows('shop.lines')).toBe(false);
  });
});

describe('a table whose columns are other than those of its newest version', () => {
  const WIDER = tableMap({ tableId: 7 });
  const setup = (options: LifeOptions = {}): LifeSetup =>
    lifeOf({ versions: ['orders'], table: 'orders', columns: ['id', 'v'], ...options });

  test('without a statement is read again, with an alert before its new schema', async () => {
    const { stream, jobStore, journal, owed, settle } = setup();
    begin(stream, 200, null, WIDER);
    expect(stream.mustSettleTables).toBe(true);
    await settle();
    expect([[...jobStore.whole], owed()]).toEqual([[], ['orders']]);
    expect(journal.alerts).toMatchObject([
      { class: 'additive', policy: 'alert', tables: ['shop.orders'], unseen: true },
    ]);
    const types = recordsOf(stream.buffer).flatMap(({ topic, value }) =>
      topic === 'p.sluice.ddl' || value?.includes('"type":"schema"') === true ? [topic] : [],
    );
    expect(types.slice(0, 2)).toEqual(['p.sluice.ddl', 'p.shop.orders']);
  });

  test.each<[string, LifeOptions & { sql?: string }]>([
    ['a statement has changed them', { sql: 'DROP TABLE orders' }],
    ['they are not read yet', { whole: [] }],
    ['a snapshot was ahead of the stream', { columns: ['id'] }],
    ['the table is gone by now', { exists: false }],
  ])('owes nothing when %s', async (_why, { sql, ...options }) => {
    const { stream, journal, settle } = setup(options);
    if (sql !== undefined) {
      statement(stream, sql, 100);
      await settle();
      statement(stream, 'CREATE TABLE orders (id INT PRIMARY KEY, v INT)', 200);
      await settle();
    }
    begin(stream, 400, null, WIDER);
    await settle();
    expect(stream.mustSettleTables).toBe(false);
    expect(journal.alerts.filter(({ unseen }) => unseen === true)).toEqual([]);
  });

  test('is told where no snapshots are taken', async () => {
    const { stream, jobStore, journal, settle } = setup({ mode: 'never' });
    begin(stream, 200, null, WIDER);
    await settle();
    expect([jobStore.knows('shop.orders'), journal.alerts.length]).toEqual([true, 1]);
  });
});
