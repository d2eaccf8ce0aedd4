import type { Connection } from 'mysql2/promise';
import { expect, test } from 'vitest';
import { firesNothing } from '../../src/source/row-safety.ts';

/** A server that shows these lines for SHOW GRANTS, and this many triggers and tables. */
function connectionOf(grants: readonly string[], triggers: number, tables: number): Connection {
  const query = (sql: string): Promise<unknown> => {
    if (sql === 'SHOW GRANTS') return Promise.resolve([grants.map((line) => ({ Grants: line }))]);
    const count = sql.includes('TRIGGERS') ? triggers : tables;
    return Promise.resolve([Array.from({ length: count }, () => ({ 1: 1 }))]);
  };
  return { query } as unknown as Connection;
}

const ALL = "GRANT ALL PRIVILEGES ON *.* TO `root`@`%` IDENTIFIED BY PASSWORD '*8' WITH GRANT OPTION";
const SELECT = 'GRANT SELECT, REPLICATION SLAVE ON *.* TO `cdc`@`%`';
const TRIGGER = 'GRANT SELECT, TRIGGER ON `shop`.* TO `cdc`@`%`';

test.each<[string, readonly string[], number, number, boolean, boolean]>([
  ['no trigger, and the account would see one', [ALL], 0, 1, false, true],
  ['a trigger', [ALL], 1, 1, false, false],
  ['no trigger of the database', [SELECT, TRIGGER], 0, 1, false, true],
  ['an account that sees no triggers', [SELECT], 0, 1, false, false],
  ['an account that sees those of another database', [TRIGGER.replace('shop', 'crm')], 0, 1, false, false],
  ['a temporary table', [SELECT], 0, 0, true, true],
  ['perhaps a temporary table, which hides another', [SELECT], 0, 1, true, false],
])('%s', async (_what, grants, triggers, tables, mayBeTemporary, expected) => {
  const connection = connectionOf(grants, triggers, tables);
  const table = { database: 'shop', table: 'orders' };
  expect(await firesNothing(connection, table, mayBeTemporary)).toBe(expected);
});

test('tables of the server itself have none', async () => {
  const table = { database: 'mysql', table: 'rds_heartbeat2' };
  expect(await firesNothing(connectionOf([], 0, 0), table, false)).toBe(true);
});
