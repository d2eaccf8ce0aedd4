import type { Connection } from 'mysql2/promise';
import { expect, test } from 'vitest';
import { readTables } from '../src/index.ts';

type Rows = readonly Readonly<Record<string, unknown>>[];

const at = (name: string): object => ({ TABLE_SCHEMA: 'shop', TABLE_NAME: name });
const table = (name: string): Rows => [{ ...at(name), ENGINE: 'InnoDB' }];
const column = (name: string): Rows => [
  { ...at(name), COLUMN_NAME: 'id', ORDINAL_POSITION: 1, IS_NULLABLE: 'NO' },
];
const key = (name: string): Rows => [
  { ...at(name), INDEX_NAME: 'PRIMARY', COLUMN_NAME: 'id', SUB_PART: null },
];

/** Answers one question after the other. */
function server(...answers: Rows[]): { connection: Pick<Connection, 'query'>; left: () => number } {
  const query = (): Promise<unknown> => Promise.resolve([answers.shift() ?? []]);
  return { connection: { query } as unknown as Pick<Connection, 'query'>, left: () => answers.length };
}

const namesAndKeys = async (connection: Pick<Connection, 'query'>): Promise<unknown> =>
  (await readTables(connection, ['shop'])).map(({ table: name, primaryKey }) => [name, primaryKey]);

test('a table that is dropped between two questions is not one without a key', async () => {
  const { connection, left } = server(table('a'), column('a'), [], [], [], []);
  expect(await namesAndKeys(connection)).toEqual([]);
  expect(left()).toBe(0);
});

test('a table that gets another name between two questions has its key', async () => {
  const { connection } = server(table('a'), column('a'), key('b'), table('b'), column('b'), key('b'));
  expect(await namesAndKeys(connection)).toEqual([['b', ['id']]]);
});

test('a table without a key is read once more, and believed', async () => {
  const once = [table('a'), column('a'), []];
  const { connection, left } = server(...once, ...once, table('never asked for'));
  expect(await namesAndKeys(connection)).toEqual([['a', []]]);
  expect(left()).toBe(1);
});
