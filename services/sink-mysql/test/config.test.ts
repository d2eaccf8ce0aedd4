import { expect, test } from 'vitest';
import { mappedDatabase, mysqlSinkSchema, targetDatabase } from '../src/config.ts';

const config = { databases: { shop: 'shop_copy' }, stateDatabase: 'sluice' };

test('a database has its copy under its own name, or under the one that is set', () => {
  expect(['shop', 'crm', 'constructor'].map((source) => targetDatabase(config, source))).toEqual([
    'shop_copy',
    'crm',
    'constructor',
  ]);
  expect(mappedDatabase(config, 'mysql')).toBe('mysql');
});

test.each(['mysql', 'MySQL', 'sys', 'information_schema', 'performance_schema', 'sluice'])(
  'no topic leads into %s',
  (source) => {
    expect(() => targetDatabase(config, source)).toThrow(
      expect.objectContaining({ code: 'TARGET_TABLE_REFUSED' }) as Error,
    );
  },
);

test('no setting leads into a database of the server', () => {
  const problemsOf = (more: object): number =>
    mysqlSinkSchema.safeParse({ host: 'h', user: 'u', ...more }).error?.issues.length ?? 0;
  expect(problemsOf({ databases: { shop: 'copy' } })).toBe(0);
  expect(problemsOf({ databases: { shop: 'Mysql' } })).toBe(1);
  expect(problemsOf({ stateDatabase: 'sys' })).toBe(1);
});
