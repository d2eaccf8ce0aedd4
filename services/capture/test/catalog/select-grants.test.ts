import { describe, expect, test } from 'vitest';
import type { TableDescription } from '@sluice/mysql';
import type { Connection } from 'mysql2/promise';
import { findUnreadable, isThere, isUnreadable, selectGrants } from '../../src/catalog/select-grants.ts';

/** Lines as MySQL 9.7 and MariaDB 10.11 show them. */
const REPLICATION = "GRANT REPLICATION SLAVE, BINLOG MONITOR ON *.* TO `c`@`%` IDENTIFIED BY PASSWORD '*1'";

test('reads where an account may SELECT', () => {
  expect(
    selectGrants([
      REPLICATION,
      'GRANT SELECT ON `shop\\_one`.* TO `c`@`%`',
      'GRANT ALL PRIVILEGES ON `crm`.* TO `c`@`%`',
      'GRANT INSERT, SELECT ON `erp`.`a``b` TO `c`@`%`',
      'GRANT SELECT (`a`, `id`), INSERT (`b`) ON `part`.`t` TO `c`@`%`',
      'GRANT INSERT ON `log`.* TO `c`@`%`',
      'GRANT SHOW VIEW, SELECT_CATALOG ON `odd`.* TO `c`@`%`',
    ]),
  ).toEqual({
    everywhere: false,
    wholeDatabases: ['shop\\_one', 'crm'],
    someTables: ['erp', 'part'],
    isAllTold: true,
    shown: [],
    showsAll: false,
  });
  expect(selectGrants(['GRANT SELECT, INSERT ON *.* TO `c`@`%` WITH GRANT OPTION'])).toMatchObject({
    everywhere: true,
  });
});

test.each([
  ['is shown', [REPLICATION], ['information_schema', 'shop'], true],
  ['is not shown, and no other is that needs a privilege', [REPLICATION], ['information_schema'], null],
  ['is not shown, where all are', [REPLICATION], ['information_schema', 'mysql'], false],
  [
    'is not shown, where another is by a privilege on it',
    [REPLICATION, 'GRANT INSERT ON `mysql`.`general_log` TO `c`@`%`'],
    ['information_schema', 'mysql'],
    null,
  ],
])('whether a database is there that %s', (_what, lines, shown, expected) => {
  expect(isThere(selectGrants(lines, shown), 'shop')).toBe(expected);
});

describe('a database is certainly unreadable', () => {
  test.each([
    ['with no SELECT at all', [REPLICATION], 'shop', true],
    ['with no SELECT at all, by a pattern', [REPLICATION], 'sh*', true],
    ['with SELECT on all', ['GRANT ALL PRIVILEGES ON *.* TO `c`'], 'shop', false],
    ['with SELECT on it', ['GRANT SELECT ON `shop`.* TO `c`'], 'shop', false],
    ['with SELECT on another', ['GRANT SELECT ON `crm`.* TO `c`'], 'shop', true],
    ['with SELECT on names like it', ['GRANT SELECT ON `sh%`.* TO `c`'], 'shop', false],
    ['with SELECT on a name with a wildcard in it', ['GRANT SELECT ON `a\\_b`.* TO `c`'], 'axb', true],
    ['with SELECT on a table of it', ['GRANT SELECT ON `shop`.`t` TO `c`'], 'shop', false],
    ['with SELECT somewhere, by a pattern', ['GRANT SELECT ON `crm`.* TO `c`'], 'sh*', false],
    ['where a role may bring it', [REPLICATION, 'GRANT `r`@`%` TO `c`@`%`'], 'shop', false],
  ])('%s', (_what, lines, database, expected) => {
    expect(isUnreadable(selectGrants(lines), database)).toBe(expected);
  });
});

test('a table that a session has locked does not keep a start waiting: it is named', async () => {
  const seen: string[] = [];
  const query = (sql: string): Promise<unknown> => {
    seen.push(sql.slice(0, 33));
    if (sql.startsWith('SET')) return Promise.resolve([[]]);
    return Promise.reject(Object.assign(new Error('waited'), { errno: 1205, code: 'ER_LOCK_WAIT_TIMEOUT' }));
  };
  const connection = { query } as unknown as Connection;
  const orders = { database: 'shop', table: 'orders' } as TableDescription;
  const grants = selectGrants(['GRANT SELECT ON `shop`.`orders` TO `c`']);
  await expect(findUnreadable(connection, grants, [orders])).rejects.toMatchObject({
    code: 'MYSQL_BUSY',
    errorClass: 'retryable',
    message: expect.stringContaining(
      'a query about table shop.orders for 20 s: a session holds a lock',
    ) as unknown,
  });
  expect(seen).toEqual(
    ['SET SESSION lock_wait_timeout = 20', 'SELECT COUNT(*) FROM (SELECT * FR'].map((sql) =>
      sql.slice(0, 33),
    ),
  );
});
