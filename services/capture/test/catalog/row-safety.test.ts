import type { Connection } from 'mysql2/promise';
import { expect, test } from 'vitest';
import { changesNoOther, isServersOwn } from '../../src/catalog/row-safety.ts';

type Shown = 'table' | 'view' | 'merge' | 'sequence' | 'none';

const KINDS: Readonly<Record<Shown, readonly object[]>> = {
  table: [{ type: 'BASE TABLE', engine: 'InnoDB' }],
  view: [{ type: 'VIEW', engine: null }],
  merge: [{ type: 'BASE TABLE', engine: 'MRG_MyISAM' }],
  sequence: [{ type: 'SEQUENCE', engine: 'InnoDB' }],
  none: [],
};

/** A server that shows these lines for SHOW GRANTS, this table, and so many triggers of it and references to it. */
function connectionOf(
  grants: readonly string[],
  shown: Shown,
  triggers: number,
  references: number,
): Connection {
  const rows = (count: number): object[] => Array.from({ length: count }, () => ({ 1: 1 }));
  const query = (sql: string): Promise<unknown> => {
    if (sql === 'SHOW GRANTS') return Promise.resolve([grants.map((line) => ({ Grants: line }))]);
    if (sql.includes('.TABLES')) return Promise.resolve([KINDS[shown]]);
    return Promise.resolve([rows(sql.includes('.TRIGGERS') ? triggers : references)]);
  };
  return { query } as unknown as Connection;
}

const ALL = "GRANT ALL PRIVILEGES ON *.* TO `root`@`%` IDENTIFIED BY PASSWORD '*8' WITH GRANT OPTION";
const SELECT = 'GRANT SELECT, REPLICATION SLAVE ON *.* TO `cdc`@`%`';
const TRIGGER = 'GRANT SELECT, TRIGGER ON `shop`.* TO `cdc`@`%`';

test.each<[string, readonly string[], Shown, number, number, boolean, boolean]>([
  ['no trigger, and the account would see one', [ALL], 'table', 0, 0, false, true],
  ['a trigger', [ALL], 'table', 1, 0, false, false],
  ['a table that refers to it', [ALL], 'table', 0, 1, false, false],
  ['a view', [ALL], 'view', 0, 0, false, false],
  ['a MERGE table', [ALL], 'merge', 0, 0, false, false],
  ['a sequence', [ALL], 'sequence', 0, 0, false, false],
  ['a table that is gone, and its triggers with it', [ALL], 'none', 0, 0, false, false],
  ['no trigger of the database', [SELECT, TRIGGER], 'table', 0, 0, false, true],
  ['an account that sees no triggers', [SELECT], 'table', 0, 0, false, false],
  [
    'an account that sees those of another database',
    [TRIGGER.replace('shop', 'crm')],
    'table',
    0,
    0,
    false,
    false,
  ],
  ['a temporary table', [SELECT], 'none', 0, 0, true, true],
  ['a temporary table, for an account that may not see others', [], 'none', 0, 0, true, false],
  ['perhaps a temporary table, which hides another', [SELECT], 'table', 0, 0, true, false],
])('%s', async (_what, grants, shown, triggers, references, mayBeTemporary, expected) => {
  const connection = connectionOf(grants, shown, triggers, references);
  const table = { database: 'shop', table: 'orders' };
  const change = { mayBeTemporary, touchesOld: true };
  expect(await changesNoOther(connection, table, change)).toBe(expected);
});

test.each([
  ['by the key of another table', 0, true],
  ['by a trigger', 1, false],
])('what only adds rows changes no others %s', async (_what, triggers, expected) => {
  const connection = connectionOf([ALL], 'table', triggers, 1);
  const table = { database: 'shop', table: 'orders' };
  const change = { mayBeTemporary: false, touchesOld: false };
  expect(await changesNoOther(connection, table, change)).toBe(expected);
});

test('tables of the server itself change no others', () => {
  expect([isServersOwn('MySQL'), isServersOwn('shop')]).toEqual([true, false]);
});
