import { createLogger } from '@sluice/runtime';
import { describe, expect, test } from 'vitest';
import type { CaptureSettings } from '../../src/settings/capture-settings.ts';
import { TableLife } from '../../src/tables/table-life.ts';
import type { Source } from '../../src/source/source.ts';
import { ColumnBook } from '../../src/catalog/column-book.ts';
import type { DdlJournal } from '../../src/ddl/ddl-journal.ts';
import { NO_SNAPSHOTS, SnapshotBook } from '../../src/state/snapshot-book.ts';
import type { SchemaHistoryRecord } from '../../src/catalog/table-registry.ts';
import type { TableRoutes } from '../../src/stream/table-routes.ts';
import type { TableWorkQueue } from '../../src/stream/table-work.ts';
import { recordsOf } from '../support/buffer-records.ts';
import { begin, ORDERS, registryOf, statement, streamOf } from '../support/streams.ts';
import { MYSQL_FACTS } from '../support/server-facts.ts';
import { columnRow } from '../support/descriptions.ts';
import { tableMap } from '../support/table-maps.ts';

const server = { flavour: 'mysql', version: '9.7.4' } as const;

const HISTORY: SchemaHistoryRecord = {
  database: 'shop',
  table: '',
  version: 4,
  columns: [{ name: 'id', type: 'int', nullable: false, charset: null }],
  keyColumns: ['id'],
  sequence: '0010000010000000000',
};

interface Setup {
  readonly stream: ReturnType<typeof streamOf>['stream'];
  readonly routes: TableRoutes;
  readonly book: SnapshotBook;
  readonly source: { keyless: boolean };
  readonly journal: DdlJournal;
  readonly work: TableWorkQueue;
  /** Tables whose first snapshot is owed. */
  owed(): readonly string[];
  /** How often all table maps were to be met anew. */
  forgotten(): number;
  /** Tables that are left alone, in the order in which this was said. */
  readonly refused: string[];
  /** Tables that are not any more, in that order. */
  readonly mended: string[];
  /** The tables that `/status` shows. */
  leftAlone(): readonly string[];
  settle(): Promise<void>;
}

/** A stream whose topics exist, and a source that has every table asked for, or none. */
function setupOf(options: {
  mode?: 'initial' | 'never';
  exists?: boolean;
  /** Whether tables of the source have a primary key. */
  keyless?: boolean;
  stopped?: readonly string[];
  topics?: readonly string[];
  /** Number of the error for who selects what the source does not show; else that it is not there. */
  refusal?: number;
  /** The table that the source shows, and its columns. */
  table?: string;
  columns?: readonly string[];
  /** Tables that the schema history knows. */
  versions?: readonly string[];
  whole?: string[];
}): Setup {
  const registry = registryOf(...(options.topics ?? ['orders']));
  for (const table of options.versions ?? []) registry.restore({ ...HISTORY, table });
  const { stream, routes, work, ddl, journal } = streamOf({
    registry,
    isRefused: (id) => life.isRefused(id),
  });
  const book = new SnapshotBook({ ...NO_SNAPSHOTS, whole: options.whole ?? ['shop.orders'] });
  let forgotten = 0;
  const refused: string[] = [];
  const mended: string[] = [];
  const name = { TABLE_SCHEMA: 'shop', TABLE_NAME: options.table ?? 'lines' };
  const key = { ...name, INDEX_NAME: 'PRIMARY', COLUMN_NAME: 'id', SUB_PART: null };
  const source = { keyless: options.keyless === true };
  const answers: readonly (readonly [string, readonly unknown[]])[] = [
    ['.TABLES', options.exists === false ? [] : [name]],
    ['.COLUMNS', (options.columns ?? ['id']).map((column) => ({ ...name, ...columnRow(column) }))],
  ];
  const connection = {
    query: (sql: string) => {
      const errno = sql.endsWith('LIMIT 0')
        ? (options.refusal ?? (options.exists === false ? 1146 : 1054))
        : 0;
      if (errno > 0) return Promise.reject(Object.assign(new Error(), { errno }));
      if (sql.includes('.STATISTICS')) return Promise.resolve([source.keyless ? [] : [key]]);
      return Promise.resolve([answers.find(([table]) => sql.includes(table))?.[1] ?? []]);
    },
    destroy: () => undefined,
  };
  const life: TableLife = new TableLife({
    settings: {
      config: { snapshot: { mode: options.mode ?? 'initial' }, source: { keys: {} }, tables: {} },
    } as unknown as CaptureSettings,
    source: { facts: MYSQL_FACTS, connect: () => Promise.resolve(connection) } as unknown as Source,
    work,
    stream,
    ddl,
    registry,
    routes,
    columnBook: new ColumnBook({ server, registry, described: [] }),
    book,
    refused: [],
    onRefused: (table) => void refused.push(table.id),
    onMended: (id) => void mended.push(id),
    afterGap: false,
    isStopped: (id) => options.stopped?.includes(id) === true,
    admit: ({ database, table }) => Promise.resolve(registry.admit(database, table, 1)),
    forgetMaps: () => void forgotten++,
    log: createLogger('test', { level: 'silent' }),
  });
  return {
    stream,
    routes,
    work,
    book,
    journal,
    source,
    refused,
    mended,
    owed: () => book.jobs.filter(({ origin }) => origin === 'initial').map(({ table }) => table),
    forgotten: () => forgotten,
    leftAlone: () => life.refused.map(({ id }) => id),
    settle: () => life.settle(),
  };
}

describe('a table that changed hands', () => {
  test.each([
    'RENAME TABLE crm.a TO orders',
    'ALTER TABLE crm.a RENAME TO shop.orders',
    'rename /* gh-ost */ table `shop`.`orders` to `shop`.`_orders_del`, `shop`.`_orders_gho` to `shop`.`orders`',
    'RENAME TABLE `shop`.`orders` TO `shop`.`_orders_old`, `shop`.`_orders_new` TO `shop`.`orders`',
  ])('%s: its snapshot is owed', async (sql) => {
    const { stream, book, owed, settle } = setupOf({ table: 'orders' });
    statement(stream, sql, 200);
    await settle();
    expect([[...book.whole], owed(), stream.mustSettleTables]).toEqual([[], ['orders'], false]);
  });

  test.each(['ALTER TABLE orders TRUNCATE PARTITION p0', 'ALTER TABLE orders ADD x INT NOT NULL DEFAULT 7'])(
    '%s: its rows are read again',
    async (sql) => {
      const { stream, book, settle } = setupOf({ table: 'orders', versions: ['orders'] });
      statement(stream, sql, 200);
      await settle();
      expect([...book.whole]).toEqual([]);
      expect(book.jobs).toMatchObject([{ table: 'orders', state: 'pending', since: null, reconcile: true }]);
    },
  );

  test.each([
    'ALTER TABLE orders ADD INDEX (v)',
    'alter /* gh-ost */ table `shop`.`_orders_gho` add column x int',
    'ALTER TABLE crm.a ADD x INT',
  ])('%s: nothing is owed', async (sql) => {
    const { stream, book, settle } = setupOf({});
    statement(stream, sql, 200);
    expect(stream.mustSettleTables).toBe(false);
    await settle();
    expect(book.knows('shop.orders')).toBe(true);
  });

  test('an ALTER while its rows are read makes them be read from the beginning', async () => {
    const { stream, book, owed, settle } = setupOf({ table: 'orders', whole: [] });
    book.owe([ORDERS], () => false, 0);
    book.move('initial/shop.orders', 'start', 0);
    book.update('initial/shop.orders', { since: '1', lastKey: ['7'] });
    statement(stream, 'ALTER TABLE orders ADD x INT NOT NULL DEFAULT 7', 200);
    await settle();
    expect(owed()).toEqual(['orders']);
    expect(book.jobs).toMatchObject([{ state: 'pending', since: null, lastKey: null }]);
  });

  test.each([
    ['gone by now', { exists: false }],
    ['no table that can be captured any more', { keyless: true }],
    ['not shown to the account', { exists: false, refusal: 1142 }],
  ])('an ALTER of a table that is %s owes nothing', async (_what, options) => {
    const { stream, book, leftAlone, owed, settle } = setupOf({ table: 'orders', ...options });
    statement(stream, 'ALTER TABLE orders ADD x INT', 200);
    await settle();
    expect([owed(), [...book.whole]]).toEqual([[], []]);
    expect(leftAlone()).toEqual(_what === 'gone by now' ? [] : ['shop.orders']);
  });

  test('owes nothing where no snapshots are taken', async () => {
    const { stream, book, settle } = setupOf({ mode: 'never', table: 'orders' });
    statement(stream, 'RENAME TABLE crm.a TO orders', 200);
    await settle();
    expect(book.knows('shop.orders')).toBe(true);
  });
});

test('a table that is stopped is to be read when it goes on, also where no snapshots are taken', async () => {
  const { stream, book, settle } = setupOf({ mode: 'never', table: 'orders', stopped: ['shop.orders'] });
  statement(stream, 'RENAME TABLE crm.a TO orders', 200);
  await settle();
  expect(book.jobs).toMatchObject([
    { table: 'orders', origin: 'request', reconcile: true, state: 'pending' },
  ]);
});

test.each([
  ['initial', { table: 'orders', id: 'initial/shop.orders' }],
  ['never', { table: 'orders', id: 's2' }],
] as const)(
  'a table that goes on is met anew, and a job that has begun before is worth nothing (%s)',
  async (mode, job) => {
    const { book, work, forgotten, settle } = setupOf({ mode, table: 'orders', whole: [] });
    const table = { database: 'shop', table: 'orders' };
    work.add({ kind: 'stopped', table });
    await settle();
    const id = book.jobs[0]?.id ?? '';
    book.move(id, 'start', 0);
    book.update(id, { since: '1' });
    work.add({ kind: 'resumed', table });
    await settle();
    expect(book.jobs.filter(({ since }) => since === null)).toMatchObject([{ ...job, state: 'pending' }]);
    expect(forgotten()).toBe(1);
  },
);

test.each([
  ['goes on already is read once more when the transaction commits', [], 1],
  ['is still stopped is read when it goes on', ['shop.orders'], 0],
])('a table of an XA transaction that %s', async (_what, stopped, jobs) => {
  const { stream, work, book, settle } = setupOf({ stopped });
  work.add({ kind: 'xa-committed', table: { database: 'shop', table: 'orders' } });
  expect(stream.mustSettleTables).toBe(true);
  await settle();
  expect([book.jobs.length, stream.mustSettleTables]).toEqual([jobs, false]);
});

describe('a table whose name was given up', () => {
  test.each(['DROP TABLE orders', 'DROP DATABASE shop', 'RENAME TABLE orders TO crm.sold'])(
    '%s: what was read of it is worth nothing, and one that is made is read from the stream',
    async (sql) => {
      const { stream, book, settle } = setupOf({ versions: ['orders'] });
      statement(stream, sql, 200);
      expect(stream.mustSettleTables).toBe(true);
      await settle();
      expect(book.knows('shop.orders')).toBe(false);
      statement(stream, 'CREATE TABLE IF NOT EXISTS orders (id INT PRIMARY KEY)', 400);
      await settle();
      expect(book.whole).toEqual(new Set(['shop.orders']));
    },
  );

  test('by a statement that an earlier life has seen: what stands there is read', async () => {
    const { stream, book, owed, settle } = setupOf({ table: 'orders', whole: [] });
    statement(stream, 'CREATE TABLE IF NOT EXISTS orders LIKE lines', 200);
    await settle();
    expect([[...book.whole], owed()]).toEqual([[], ['orders']]);
  });

  test('one that was never given up is only found by CREATE TABLE IF NOT EXISTS', async () => {
    const { stream, book, settle } = setupOf({});
    statement(stream, 'CREATE TABLE IF NOT EXISTS orders LIKE lines', 200);
    await settle();
    expect(book.whole).toEqual(new Set(['shop.orders']));
  });

  test('a stopped table that is made anew is not taken for read', async () => {
    const { stream, book, settle } = setupOf({ stopped: ['shop.orders'] });
    statement(stream, 'DROP TABLE orders', 200);
    await settle();
    statement(stream, 'CREATE TABLE orders LIKE lines', 400);
    await settle();
    expect(book.knows('shop.orders')).toBe(false);
  });
});

describe('a table that was not there when this life began', () => {
  const lines = tableMap({ tableId: 7, table: 'lines' });

  test('owes its snapshot when it exists and the stream has not seen it made', async () => {
    const { stream, routes, owed, settle } = setupOf({ columns: ['id', 'v'], topics: ['orders'] });
    begin(stream, 200, null, lines);
    await settle();
    expect([owed(), routes.of(lines)?.encoder.table.table]).toEqual([['lines'], 'lines']);
  });

  test('one that was there owes what it owes', async () => {
    const { stream, book, settle } = setupOf({ topics: ['orders', 'lines'] });
    begin(stream, 200, null, lines);
    expect(stream.mustSettleTables).toBe(false);
    await settle();
    expect(book.knows('shop.lines')).toBe(false);
  });
});

describe('a table that cannot be captured', () => {
  const lines = tableMap({ tableId: 7, table: 'lines' });
  const bare = tableMap({ tableId: 7, table: 'lines', primaryKey: [] });

  test.each([
    ['has no primary key, though its map has one: the server takes a unique key for it', lines, true],
    ['had none when its rows were written', bare, false],
  ])('is left alone when it %s, and read when a statement changes it', async (_what, map, keyless) => {
    const { stream, book, source, refused, mended, leftAlone, owed, settle } = setupOf({ keyless });
    statement(stream, 'CREATE TABLE lines (id INT NOT NULL, UNIQUE KEY (id))', 200);
    await settle();
    begin(stream, 300, null, map);
    await settle();
    expect([stream.mustSettleTables, refused, book.knows('shop.lines')]).toEqual([
      false,
      ['shop.lines'],
      false,
    ]);
    stream.onCommit(400);
    source.keyless = false;
    statement(stream, 'ALTER TABLE lines ADD PRIMARY KEY (id)', 500);
    await settle();
    expect([leftAlone(), mended, owed()]).toEqual([[], ['shop.lines'], ['lines']]);
  });

  test('is left alone when it is made, before it has a row', async () => {
    const { stream, leftAlone, settle } = setupOf({ keyless: true });
    statement(stream, 'CREATE TABLE lines (id INT NOT NULL)', 200);
    await settle();
    expect(leftAlone()).toEqual(['shop.lines']);
  });

  test.each(['DROP TABLE lines', 'DROP DATABASE shop'])(
    'is left alone when nothing of it was ever published, until %s',
    async (sql) => {
      const { stream, refused, leftAlone, settle } = setupOf({ exists: false, topics: ['orders', 'lines'] });
      begin(stream, 300, null, bare);
      await settle();
      expect([refused, leftAlone()]).toEqual([['shop.lines'], ['shop.lines']]);
      stream.onCommit(400);
      statement(stream, sql, 500);
      await settle();
      expect(leftAlone()).toEqual([]);
    },
  );

  test('is left alone when it was published, and owes a snapshot', async () => {
    const { stream, book, refused, settle } = setupOf({
      exists: false,
      topics: ['orders', 'lines'],
      versions: ['lines'],
      whole: ['shop.lines'],
    });
    begin(stream, 300, null, bare);
    await settle();
    expect([stream.mustSettleTables, refused, book.knows('shop.lines')]).toEqual([
      false,
      ['shop.lines'],
      false,
    ]);
  });

  test('is read again when its rows have a key again, and no statement said so', async () => {
    const published = { topics: ['orders', 'lines'], versions: ['lines'], whole: ['shop.lines'] };
    const { stream, book, leftAlone, owed, settle } = setupOf(published);
    begin(stream, 300, null, bare);
    await settle();
    expect(leftAlone()).toEqual(['shop.lines']);
    stream.onCommit(400);
    begin(stream, 500, null, lines);
    await settle();
    expect([leftAlone(), [...book.whole], owed()]).toEqual([[], [], ['lines']]);
  });
});

describe('a table whose columns are other than those of its newest version', () => {
  const WIDER = tableMap({ tableId: 7 });
  const setup = (options: Parameters<typeof setupOf>[0] = {}): Setup =>
    setupOf({ versions: ['orders'], table: 'orders', columns: ['id', 'v'], ...options });

  test('without a statement is read again, with an alert before its new schema', async () => {
    const { stream, book, journal, owed, settle } = setup();
    begin(stream, 200, null, WIDER);
    expect(stream.mustSettleTables).toBe(true);
    await settle();
    expect([[...book.whole], owed()]).toEqual([[], ['orders']]);
    expect(journal.alerts).toMatchObject([
      { class: 'additive', policy: 'alert', tables: ['shop.orders'], unseen: true },
    ]);
    const types = recordsOf(stream.buffer).flatMap(({ topic, value }) =>
      topic === 'p.sluice.ddl' || value?.includes('"type":"schema"') === true ? [topic] : [],
    );
    expect(types.slice(0, 2)).toEqual(['p.sluice.ddl', 'p.shop.orders']);
  });

  test.each<[string, Parameters<typeof setupOf>[0] & { sql?: string }]>([
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
    const { stream, book, journal, settle } = setup({ mode: 'never' });
    begin(stream, 200, null, WIDER);
    await settle();
    expect([book.knows('shop.orders'), journal.alerts.length]).toEqual([true, 1]);
  });
});

describe('what the source has and does not show', () => {
  const lines = tableMap({ tableId: 7, table: 'lines' });

  test.each([
    ['a table', { exists: false }],
    ['a column', { columns: ['id'] }],
  ])('%s is not gone: the table is left alone', async (_what, options) => {
    const { stream, book, refused, settle } = setupOf({ ...options, refusal: 1142 });
    statement(stream, 'CREATE TABLE lines (id INT PRIMARY KEY, v INT)', 200);
    await settle();
    begin(stream, 300, null, lines);
    await settle();
    expect([stream.mustSettleTables, refused, book.knows('shop.lines')]).toEqual([
      false,
      ['shop.lines'],
      false,
    ]);
  });

  test('a table that is shown with all its columns, and may not be read, stays left alone', async () => {
    const options = { columns: ['id', 'v'], refusal: 1142, topics: ['orders', 'lines'] };
    const { stream, refused, leftAlone, settle } = setupOf({ ...options, versions: ['lines'] });
    begin(stream, 300, null, tableMap({ tableId: 7, table: 'lines', primaryKey: [] }));
    await settle();
    expect([refused, leftAlone()]).toEqual([['shop.lines'], ['shop.lines']]);
    stream.onCommit(400);
    for (const position of [500, 700]) {
      begin(stream, position, null, lines);
      await settle();
      expect([stream.mustSettleTables, leftAlone()]).toEqual([false, ['shop.lines']]);
      stream.onCommit(position + 100);
    }
    expect(refused).toEqual(['shop.lines']);
  });

  test('a column that was dropped further on in the stream is gone', async () => {
    const { stream, refused, settle } = setupOf({
      topics: ['orders', 'lines'],
      versions: ['lines'],
      columns: ['id'],
    });
    begin(stream, 300, null, lines);
    expect(stream.mustSettleTables).toBe(true);
    await settle();
    expect([refused, stream.mustSettleTables]).toEqual([[], false]);
  });
});
