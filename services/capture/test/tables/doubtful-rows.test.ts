import type { Connection } from '@sluice/mysql';
import { createLogger } from '@sluice/runtime';
import { describe, expect, test } from 'vitest';
import type { CaptureSettings } from '../../src/settings/capture-settings.ts';
import { DoubtfulRows } from '../../src/tables/doubtful-rows.ts';
import { UncapturedTables } from '../../src/tables/uncaptured-tables.ts';
import { PendingSnapshots } from '../../src/tables/pending-snapshots.ts';
import { examineTable } from '../../src/preflight/examine-table.ts';
import type { Source } from '../../src/source/source.ts';
import type { StreamPosition } from '../../src/model/position.ts';
import { NO_SNAPSHOTS } from '../../src/state/kept-snapshots.ts';
import { SnapshotJobStore } from '../../src/state/snapshot-job-store.ts';
import { recordsOf } from '../support/buffer-records.ts';
import { clearedRecord } from '../support/ddl-records.ts';
import { columnRow } from '../support/descriptions.ts';
import {
  begin,
  FILE,
  insert,
  query,
  registryOf,
  statement,
  streamOf,
  type StreamSetup,
} from '../support/streams.ts';

interface Setup extends StreamSetup {
  readonly jobStore: SnapshotJobStore;
  /** Of a change that was logged as its text, in a group of its own. */
  logged(sql: string): Promise<void>;
  settle(): Promise<void>;
  /** The tables that every alert names. */
  told(): string[][];
}

/** A stream whose server shows no trigger, and these of its tables: with a primary key, without one, or none at all. */
function setupOf(options: {
  mode?: 'initial' | 'never';
  topics?: readonly string[];
  whole?: readonly string[];
  refused?: readonly string[];
  /** The end of the source's binlog when it is asked. */
  end?: number;
  /** As the checkpoint has it. */
  unsureUntil?: StreamPosition;
  onServer?: Readonly<Record<string, 'fit' | 'keyless'>>;
}): Setup {
  const whole = [...(options.whole ?? ['shop.orders'])];
  const { unsureUntil } = options;
  const jobStore = new SnapshotJobStore({ ...NO_SNAPSHOTS, whole, ...(unsureUntil ? { unsureUntil } : {}) });
  const registry = registryOf(...(options.topics ?? ['orders']));
  const setup = streamOf({ registry, isUnsure: () => jobStore.unsureUntil !== null });
  const { onServer = { orders: 'fit' }, refused = [] } = options;
  const names = Object.keys(onServer).map((table) => ({ TABLE_SCHEMA: 'shop', TABLE_NAME: table }));
  const keyed = names.filter(({ TABLE_NAME: table }) => onServer[table] === 'fit');
  const answers: readonly (readonly [string, readonly object[]])[] = [
    ['SHOW GRANTS', [{ Grants: 'GRANT ALL PRIVILEGES ON *.* TO `root`@`%`' }]],
    ['.TRIGGERS', []],
    ['.KEY_COLUMN_USAGE', []],
    ['SHOW BINARY LOG STATUS', [{ File: FILE, Position: options.end ?? 5000, Executed_Gtid_Set: '' }]],
    ['.TABLES', names.map((name) => ({ ...name, type: 'BASE TABLE', engine: 'InnoDB' }))],
    ['.COLUMNS', names.map((name) => ({ ...name, ...columnRow('id') }))],
    [
      '.STATISTICS',
      keyed.map((name) => ({ ...name, INDEX_NAME: 'PRIMARY', COLUMN_NAME: 'id', SUB_PART: null })),
    ],
  ];
  const connection = {
    query: (sql: string, values: readonly unknown[] = []) => {
      const rows = answers.find(([of]) => sql.includes(of))?.[1] ?? [];
      const wanted = values.find((value) => typeof value === 'string' && value in onServer);
      return Promise.resolve([
        rows.filter((row) => !('TABLE_NAME' in row) || wanted === undefined || row.TABLE_NAME === wanted),
      ]);
    },
    destroy: () => undefined,
  };
  const log = createLogger('test', { level: 'silent' });
  const settings = {
    config: { snapshot: { mode: options.mode ?? 'initial' }, source: { keys: {} }, tables: {} },
  } as unknown as CaptureSettings;
  const uncaptured = new UncapturedTables({
    refused: refused.map((id) => ({ id, code: 'TABLE_WITHOUT_KEY', why: '' })),
    jobStore,
    onRefused: () => undefined,
    onMended: () => undefined,
  });
  const owed = new PendingSnapshots({
    settings,
    registry,
    jobStore,
    uncaptured,
    afterGap: false,
    isStopped: () => false,
    examine: (table) => examineTable(connection as unknown as Connection, settings.config, table, 'app'),
    forgetMaps: () => undefined,
    log,
  });
  const rows = new DoubtfulRows({
    settings,
    source: {
      facts: { flavour: 'mysql', version: '9.7.4', gtid: false },
      connect: () => Promise.resolve(connection),
    } as unknown as Source,
    ...setup,
    jobStore,
    uncaptured,
    owed,
    log,
  });
  const settle = async (): Promise<void> => {
    for (const one of setup.work.take()) {
      if (one.kind === 'doubt') await rows.settle(one.doubt);
      if (one.kind === 'answers-doubtful') await rows.doubtAnswers();
    }
  };
  let at = 1000;
  return {
    ...setup,
    jobStore,
    settle,
    logged: async (sql) => {
      begin(setup.stream, (at += 200));
      setup.stream.onQuery(query({ sql, start: at + 10, end: at + 100, closes: false }));
      await settle();
      setup.stream.onCommit(at + 110);
    },
    told: () => setup.journal.alerts.map(({ tables }) => tables),
  };
}

const owed = ({ jobStore }: Setup): unknown[] => jobStore.jobs.map(({ id, reconcile }) => [id, reconcile]);

describe('a table that capture has no topic of', () => {
  // What a view, or what has been gone since, changed besides is not known.
  test.each<[string, Parameters<typeof setupOf>[0], readonly string[]]>([
    ['has no key', { onServer: { lines: 'keyless' } }, []],
    ['is left alone', { onServer: { lines: 'fit' }, refused: ['shop.lines'] }, []],
    [
      'is left alone, and was published before',
      { topics: ['lines'], onServer: { lines: 'fit' }, refused: ['shop.lines'] },
      [],
    ],
    ['is a view, or gone', { onServer: {} }, ['shop.orders']],
  ])('and that %s ends no life, and is not read before it comes back', async (_what, options, others) => {
    const whole = ['shop.orders', ...(others.length > 0 ? [] : ['shop.lines'])];
    const setup = setupOf({ ...options, whole });
    await setup.logged('INSERT INTO lines VALUES (1)');
    expect([owed(setup), setup.told()]).toEqual([
      others.map((id) => [`initial/${id}`, true]),
      others.length > 0 ? [others] : [],
    ]);
    expect(setup.jobStore.knows('shop.lines')).toBe(false);
  });

  test.each(['initial', 'never'] as const)('and that can be captured is read (%s)', async (mode) => {
    const setup = setupOf({ mode, onServer: { orders: 'fit', lines: 'fit' } });
    statement(setup.stream, 'CREATE TABLE lines (id INT PRIMARY KEY)', 200);
    await setup.logged('INSERT INTO lines VALUES (1)');
    expect(owed(setup)).toEqual([[mode === 'initial' ? 'initial/shop.lines' : 's1', true]]);
    expect(setup.told()).toEqual([['shop.lines']]);
  });
});

describe('a table that is made with the rows of a query, which were logged as the statement', () => {
  const both = { orders: 'fit', lines: 'fit' } as const;

  test.each<[string, Parameters<typeof setupOf>[0], string, readonly string[]]>([
    ['is read', { onServer: both }, 'CREATE TABLE lines AS SELECT * FROM orders', ['shop.lines']],
    [
      'is read, if it is missing',
      { onServer: both },
      'CREATE TABLE IF NOT EXISTS lines SELECT 1',
      ['shop.lines'],
    ],
    [
      'is read, also in place of another',
      {},
      'CREATE OR REPLACE TABLE orders SELECT 1 AS id',
      ['shop.orders'],
    ],
    [
      'is gone by now, and costs no other a snapshot',
      { onServer: {} },
      'CREATE TABLE stage AS SELECT * FROM orders',
      [],
    ],
    [
      'calls what may change all',
      { onServer: {} },
      'CREATE TABLE stage AS SELECT f(id) FROM orders',
      ['shop.orders'],
    ],
    ['is not captured', {}, 'CREATE TABLE crm.stage AS SELECT * FROM shop.orders', []],
  ])('%s', async (_what, options, sql, tables) => {
    const setup = setupOf(options);
    statement(setup.stream, sql, 200);
    await setup.settle();
    const told = setup.journal.alerts.filter((alert) => alert.class === 'rows');
    expect([owed(setup), told.map((alert) => alert.tables)]).toEqual([
      tables.map((id) => [`initial/${id}`, true]),
      tables.length > 0 ? [tables] : [],
    ]);
    expect(setup.routes.names.wasCreated({ database: 'shop', table: 'lines' })).toBe(false);
  });
});

test.each([
  ['initial', [['initial/shop.orders', true]]],
  [
    'never',
    [
      ['s1', true],
      ['s2', true],
    ],
  ],
] as const)('every table that is published is read again, with snapshots %s', async (mode, jobs) => {
  const setup = setupOf({ mode, topics: ['orders', 'items'] });
  await setup.logged('DO f(1)');
  expect(owed(setup)).toEqual(jobs);
  expect(setup.told()).toEqual([mode === 'never' ? ['shop.orders', 'shop.items'] : ['shop.orders']]);
});

test('a session that logs statements leaves one alert of a kind until somebody clears it, and each has the table read', async () => {
  const setup = setupOf({});
  const { journal, jobStore, told, logged } = setup;
  await logged('UPDATE orders SET v = 1');
  await logged('UPDATE orders SET v = 2');
  await logged('DELETE FROM orders');
  expect(told()).toEqual([['shop.orders'], ['shop.orders']]);
  jobStore.move('initial/shop.orders', 'start', 0);
  jobStore.update('initial/shop.orders', { since: '0010000010000000500' });
  await logged('UPDATE orders SET v = 3');
  expect([told().length, owed(setup).at(-1)]).toEqual([2, ['s1', true]]);
  const ids = journal.alerts.map(({ id }) => id);
  journal.apply(clearedRecord(ids));
  await logged('UPDATE orders SET v = 4');
  expect(told()).toEqual([['shop.orders']]);
});

test('rows that are told to be in doubt are told also when the group is rolled back', async () => {
  const setup = setupOf({});
  const { stream, settle, told } = setup;
  begin(stream, 200);
  stream.onRows(insert(210, 1));
  stream.onQuery(query({ sql: 'UPDATE orders SET v = 1', start: 240, end: 300, closes: false }));
  await settle();
  stream.onQuery(query({ sql: 'ROLLBACK', start: 300, end: 320 }));
  await settle();
  const reported = recordsOf(setup.buffer).filter(({ topic }) => topic === 'p.sluice.ddl');
  expect([told(), reported.length]).toEqual([[['shop.orders'], ['shop.orders']], 2]);
});

describe('a table that the source says changes no other', () => {
  const both = { topics: ['orders', 'items'], whole: ['shop.orders', 'shop.items'] };

  test.each([
    'DROP TRIGGER tell',
    'CREATE OR REPLACE TRIGGER tell AFTER INSERT ON orders FOR EACH ROW SET @a = 1',
    '/* app */ drop view seen',
    '/*!50003 CREATE*/ /*!50003 OR REPLACE VIEW seen AS SELECT 1 */',
    'ALTER TABLE lines DROP FOREIGN KEY f',
    'SET STATEMENT lock_wait_timeout = 5 FOR DROP TABLE crm.lines',
  ])('may have changed every table when %s was behind it then', async (sql) => {
    const setup = setupOf(both);
    await setup.logged('INSERT INTO orders VALUES (1)');
    expect(setup.told()).toEqual([['shop.orders']]);
    statement(setup.stream, sql, 4900);
    expect(setup.stream.mustSettleTables).toBe(true);
    await setup.settle();
    expect(setup.told()).toEqual([['shop.orders'], ['shop.orders', 'shop.items']]);
  });

  test.each([
    ['is later', 'DROP TRIGGER tell', 4901],
    ['makes something', '/* app */ CREATE TRIGGER tell AFTER INSERT ON orders FOR EACH ROW SET @a = 1', 4900],
    ['is about a temporary table', 'DROP /*!40005 TEMPORARY */ TABLE IF EXISTS `work`', 4900],
    ['is about accounts', "ALTER USER 'a'@'%' ACCOUNT LOCK", 4900],
  ])('has changed no other when the DDL %s', async (_what, sql, start) => {
    const setup = setupOf(both);
    await setup.logged('INSERT INTO orders VALUES (1)');
    statement(setup.stream, sql, start);
    await setup.settle();
    expect(setup.told()).toEqual([['shop.orders']]);
  });

  test('is in doubt over a restart, until the stream is where the source was', async () => {
    const unsureUntil = { file: FILE, position: 3000 };
    const setup = setupOf({ ...both, unsureUntil });
    expect(setup.jobStore.toSnapshots()).toMatchObject({ unsureUntil });
    statement(setup.stream, 'DROP TRIGGER tell', 2900);
    await setup.settle();
    expect(setup.told()).toEqual([['shop.orders', 'shop.items']]);
    setup.jobStore.notePosition({ file: FILE, position: 2999 });
    expect(setup.jobStore.unsureUntil).toEqual(unsureUntil);
    setup.jobStore.notePosition({ file: FILE, position: 3000 });
    expect(setup.jobStore.toSnapshots()).not.toHaveProperty('unsureUntil');
    statement(setup.stream, 'DROP TRIGGER other', 3000);
    expect(setup.stream.mustSettleTables).toBe(false);
  });

  test('of a schema of the server is asked nothing about', async () => {
    const setup = setupOf(both);
    await setup.logged("UPDATE mysql.rds_heartbeat2 SET value = '1'");
    expect([setup.told(), setup.jobStore.unsureUntil]).toEqual([[], null]);
  });
});
