import { createLogger } from '@sluice/runtime';
import { describe, expect, test } from 'vitest';
import type { CaptureSettings } from '../../src/settings/capture-settings.ts';
import { NewTables } from '../../src/tables/new-tables.ts';
import type { Source } from '../../src/source/source.ts';
import { ColumnBook } from '../../src/catalog/column-book.ts';
import type { DdlJournal } from '../../src/ddl/ddl-journal.ts';
import { NO_SNAPSHOTS, SnapshotBook } from '../../src/state/snapshot-book.ts';
import type { SchemaHistoryRecord } from '../../src/catalog/table-registry.ts';
import type { TableRoutes } from '../../src/stream/table-routes.ts';
import { recordsOf } from '../support/buffer-records.ts';
import { begin, registryOf, statement, streamOf } from '../support/streams.ts';
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
  readonly journal: DdlJournal;
  /** What was durable at the moment of each checkpoint. */
  readonly checkpoints: string[][];
  /** Tables that are left alone, in the order in which this was said. */
  readonly refused: string[];
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
  const { stream, routes, ddl, journal } = streamOf({ registry });
  const book = new SnapshotBook({ ...NO_SNAPSHOTS, whole: options.whole ?? ['shop.orders'] });
  const checkpoints: string[][] = [];
  const refused: string[] = [];
  const name = { TABLE_SCHEMA: 'shop', TABLE_NAME: options.table ?? 'lines' };
  const key = { ...name, INDEX_NAME: 'PRIMARY', COLUMN_NAME: 'id', SUB_PART: null };
  const answers: readonly (readonly [string, readonly unknown[]])[] = [
    ['.TABLES', options.exists === false ? [] : [name]],
    ['.COLUMNS', (options.columns ?? ['id']).map((column) => ({ ...name, ...columnRow(column) }))],
    ['.STATISTICS', options.keyless === true ? [] : [key]],
  ];
  const connection = {
    query: (sql: string) => {
      const errno = sql.endsWith('LIMIT 0')
        ? (options.refusal ?? (options.exists === false ? 1146 : 1054))
        : 0;
      if (errno > 0) return Promise.reject(Object.assign(new Error(), { errno }));
      return Promise.resolve([answers.find(([table]) => sql.includes(table))?.[1] ?? []]);
    },
    destroy: () => undefined,
  };
  const newTables = new NewTables({
    settings: {
      config: { snapshot: { mode: options.mode ?? 'initial' }, source: { keys: {} }, tables: {} },
    } as unknown as CaptureSettings,
    source: { facts: MYSQL_FACTS, connect: () => Promise.resolve(connection) } as unknown as Source,
    server,
    ddl,
    registry,
    routes,
    columnBook: new ColumnBook({ server, registry, described: [] }),
    topics: 1,
    book,
    refused: [],
    onRefused: (table) => void refused.push(table.id),
    isStopped: (id) => options.stopped?.includes(id) === true,
    publishCheckpoint: () => Promise.resolve(void checkpoints.push([...book.whole])),
    log: createLogger('test', { level: 'silent' }),
  });
  const leftAlone = (): string[] => newTables.refused.map(({ id }) => id);
  const settle = (): Promise<void> => newTables.settle(stream.announcement);
  return { stream, routes, book, journal, checkpoints, refused, leftAlone, settle };
}

describe('a table that changed hands', () => {
  test.each([
    'RENAME TABLE crm.a TO orders',
    'ALTER TABLE crm.a RENAME TO shop.orders',
    'rename /* gh-ost */ table `shop`.`orders` to `shop`.`_orders_del`, `shop`.`_orders_gho` to `shop`.`orders`',
    'RENAME TABLE `shop`.`orders` TO `shop`.`_orders_old`, `shop`.`_orders_new` TO `shop`.`orders`',
  ])('%s: its snapshot is owed, and that is durable before the next life begins', async (sql) => {
    const { stream, book, checkpoints, settle } = setupOf({});
    statement(stream, sql, 200);
    await expect(settle()).rejects.toMatchObject({ code: 'TABLE_APPEARED' });
    expect(book.knows('shop.orders')).toBe(false);
    expect(checkpoints).toEqual([[]]);
    await settle();
    expect(checkpoints).toHaveLength(1);
  });

  test.each(['ALTER TABLE orders TRUNCATE PARTITION p0', 'ALTER TABLE orders ADD x INT NOT NULL DEFAULT 7'])(
    '%s: its rows are read again',
    async (sql) => {
      const { stream, book, checkpoints, settle } = setupOf({});
      statement(stream, sql, 200);
      await expect(settle()).rejects.toMatchObject({ code: 'TABLE_ALTERED' });
      expect([book.knows('shop.orders'), checkpoints]).toEqual([false, [[]]]);
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

  test('owes nothing where no snapshots are taken', async () => {
    const { stream, book, settle } = setupOf({ mode: 'never' });
    statement(stream, 'RENAME TABLE crm.a TO orders', 200);
    await settle();
    expect(book.knows('shop.orders')).toBe(true);
  });
});

test('a table that is stopped is to be read when it goes on, also where no snapshots are taken', async () => {
  const { stream, book, checkpoints, settle } = setupOf({ mode: 'never', stopped: ['shop.orders'] });
  statement(stream, 'RENAME TABLE crm.a TO orders', 200);
  await settle();
  expect(book.jobs).toMatchObject([
    { table: 'orders', origin: 'request', reconcile: true, state: 'pending' },
  ]);
  expect(checkpoints).toHaveLength(1);
});

test.each([
  ['goes on already is read once more when the transaction commits', [], 1],
  ['is still stopped is read when it goes on', ['shop.orders'], 0],
])('a table of an XA transaction that %s', async (_what, stopped, jobs) => {
  const { stream, routes, book, settle } = setupOf({ stopped });
  routes.inDoubt.push({ database: 'shop', table: 'orders' });
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
    const { stream, book, settle } = setupOf({ whole: [] });
    statement(stream, 'CREATE TABLE IF NOT EXISTS orders LIKE lines', 200);
    await expect(settle()).rejects.toMatchObject({ code: 'TABLE_APPEARED' });
    expect(book.knows('shop.orders')).toBe(false);
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

  test('is refused to go on with when it exists and the stream has not seen it made', async () => {
    const { stream, settle } = setupOf({});
    begin(stream, 200, null, lines);
    await expect(settle()).rejects.toMatchObject({
      code: 'TABLE_APPEARED',
      context: { table: 'shop.lines' },
    });
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
    const { stream, book, checkpoints, refused, settle } = setupOf({ keyless });
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
    statement(stream, 'ALTER TABLE lines ADD PRIMARY KEY (id)', 500);
    await expect(settle()).rejects.toMatchObject({ code: 'TABLE_ALTERED' });
    expect([book.knows('shop.lines'), checkpoints]).toEqual([false, [['shop.orders']]]);
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
    const { stream, checkpoints, leftAlone, settle } = setupOf(published);
    begin(stream, 300, null, bare);
    await settle();
    expect(leftAlone()).toEqual(['shop.lines']);
    stream.onCommit(400);
    begin(stream, 500, null, lines);
    await expect(settle()).rejects.toMatchObject({ code: 'TABLE_ALTERED' });
    expect([leftAlone(), checkpoints]).toEqual([[], [[]]]);
  });
});

describe('a table whose columns are other than those of its newest version', () => {
  const WIDER = tableMap({ tableId: 7 });
  const setup = (options: Parameters<typeof setupOf>[0] = {}): Setup =>
    setupOf({ versions: ['orders'], table: 'orders', columns: ['id', 'v'], ...options });

  test('without a statement is read again, with an alert before its new schema', async () => {
    const { stream, book, journal, checkpoints, settle } = setup();
    begin(stream, 200, null, WIDER);
    expect(stream.mustSettleTables).toBe(true);
    await expect(settle()).rejects.toMatchObject({ code: 'TABLE_ALTERED' });
    expect([book.knows('shop.orders'), checkpoints]).toEqual([false, [[]]]);
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
