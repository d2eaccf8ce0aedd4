import type { Connection } from 'mysql2/promise';
import type { SluiceConfig } from '@sluice/runtime';
import { describe, expect, test } from 'vitest';
import { findProblems } from '../../src/preflight/preflight.ts';
import { refuseIfAny } from '../../src/model/problem.ts';
import { description } from '../support/descriptions.ts';

const GOOD = {
  log_bin: 'ON',
  binlog_format: 'ROW',
  binlog_row_image: 'FULL',
  binlog_row_metadata: 'FULL',
  server_id: '1',
};

async function problemsOf(
  source: { tables?: string[]; keys?: Record<string, string[]>; strictTables?: boolean },
  tables = [description()],
  variables: Readonly<Record<string, string>> = GOOD,
  earlier: readonly { database: string; table: string }[] = [],
): Promise<readonly { setting: string; found: string; fix: string }[]> {
  const query = (): Promise<unknown> => Promise.resolve([Object.entries(variables)]);
  const config = {
    source: { tables: ['shop.*'], keys: {}, strictTables: true, ...source },
    topics: { prefix: 'p' },
    sinks: {},
  } as unknown as SluiceConfig;
  return findProblems({ query } as unknown as Connection, config, tables, "'c'@'%'", earlier);
}

describe('findProblems', () => {
  test('nothing is wrong with a source as it should be', async () => {
    expect(await problemsOf({})).toEqual([]);
  });

  test.each(['BLACKHOLE', 'MRG_MyISAM', 'FEDERATED', 'SPIDER', 'CONNECT'])(
    'a table of the engine %s has no rows of its own',
    async (engine) => {
      expect(await problemsOf({}, [description({ engine })])).toMatchObject([
        { setting: 'table shop.orders', found: `ENGINE=${engine}` },
      ]);
    },
  );

  test.each([
    'InnoDB',
    'MyISAM',
    'Aria',
    'ROCKSDB',
    'MEMORY',
    'ARCHIVE',
    'ndbcluster',
    'of a server to come',
  ])('nothing is wrong with the engine %s', async (engine) => {
    expect(await problemsOf({}, [description({ engine })])).toEqual([]);
  });

  test('tables that an earlier run captured may be gone by now', async () => {
    const found = await problemsOf({ keys: { 'shop.orders': ['id'] } }, []);
    expect(found.map(({ found: what }) => what)).toEqual([
      '"shop.*" matches no table',
      'not a captured table',
    ]);
    const earlier = [{ database: 'shop', table: 'orders' }];
    expect(await problemsOf({ keys: { 'shop.orders': ['id'] } }, [], GOOD, earlier)).toEqual([]);
  });

  test('every variable that is wrong or unknown is named with its statement', async () => {
    const { binlog_row_metadata: _absent, ...rest } = GOOD;
    const problems = await problemsOf({}, undefined, { ...rest, binlog_format: 'MIXED', server_id: '0' });
    expect(problems.map(({ setting, found }) => `${setting}: ${found}`)).toEqual([
      'source variable binlog_format: MIXED',
      'source variable binlog_row_metadata: absent',
      'source variable server_id: 0',
    ]);
    expect(problems[1]?.fix).toMatch(
      /^SET GLOBAL binlog_row_metadata = 'FULL'; \(and in the server's option file, .* SET PERSIST/u,
    );
  });

  test('a pattern without a table, and a key of no table', async () => {
    const problems = await problemsOf({ tables: ['shop.*', 'crm.*'], keys: { 'shop.lines': ['id'] } });
    expect(problems.map(({ setting }) => setting)).toEqual(['source.tables', 'source.keys["shop.lines"]']);
  });

  test.each([
    ['no primary key', { primaryKey: [] }, {}, ['table shop.orders']],
    ['a history of its rows', { isVersioned: true }, {}, ['table shop.orders']],
    [
      'a unique index configured as key',
      { primaryKey: [], uniqueIndexes: [{ name: 'u', columns: ['a', 'b'], usableAsKey: true }] },
      { 'shop.orders': ['b', 'a'] },
      [],
    ],
    [
      'a key that may be NULL',
      { primaryKey: [], uniqueIndexes: [{ name: 'u', columns: ['a'], usableAsKey: false }] },
      { 'shop.orders': ['a'] },
      ['source.keys["shop.orders"]'],
    ],
    ['a key without an index', {}, { 'shop.orders': ['v'] }, ['source.keys["shop.orders"]']],
  ])('%s', async (_what, change, keys, settings) => {
    const problems = await problemsOf({ keys }, [description(change)]);
    expect(problems.map(({ setting }) => setting)).toEqual(settings);
  });

  test('tables and patterns are no reason to refuse a start, unless it is to be strict', async () => {
    const source = { tables: ['shop.*', 'crm.*'], strictTables: false };
    expect(await problemsOf(source, [description({ primaryKey: [] })])).toEqual([]);
  });

  test('a usable unique index is offered as key', async () => {
    const uniqueIndexes = [{ name: 'u', columns: ['code'], usableAsKey: true }];
    const [problem] = await problemsOf({}, [description({ primaryKey: [], uniqueIndexes })]);
    expect(problem?.fix).toContain('set source.keys["shop.orders"] to [code]');
  });
});

test('all problems are told in one error', () => {
  const problem = { setting: 'a', found: 'b', required: 'c', fix: 'd' };
  expect(() => refuseIfAny([])).not.toThrow();
  expect(() => refuseIfAny([problem, { ...problem, setting: 'e' }])).toThrow(
    expect.objectContaining({
      code: 'PREFLIGHT_FAILED',
      message: '2 problem(s):\n- a: found b, needs c. Fix: d\n- e: found b, needs c. Fix: d',
    }),
  );
});
