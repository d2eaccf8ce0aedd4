import type { Connection } from 'mysql2/promise';
import { expect, test } from 'vitest';
import { conditionProblem, isKeyLiteral } from '../../src/model/snapshot-sql.ts';
import {
  asSql,
  checkCondition,
  outlineOf,
  requireCondition,
  whereOf,
  type AskedTable,
} from '../../src/snapshot/condition.ts';
import { keyLiteral } from '../../src/snapshot/chunk-query.ts';

test.each([
  'id > 1000',
  "status IN ('new', 'it''s', 'a\\'b') AND (a = 1 OR (b = 2))",
  '`select` = "x; -- y" AND created_at >= \'2026-01-01\'',
  'id - -1 > 0',
])('%s is one condition', (condition) => {
  expect(conditionProblem(condition)).toBeNull();
});

test.each([
  ['  ', 'it is empty'],
  ['1) OR (1', 'a bracket is closed that was not opened'],
  ['(1', 'a bracket is not closed'],
  ["name = 'x", 'a quote is not closed'],
  ['1 -- rest', '-- is not allowed outside of a text'],
  ['1 /* rest', '/* is not allowed outside of a text'],
  ['1; DROP TABLE t', '; is not allowed outside of a text'],
  ['id IN (SELECT id FROM other)', 'it may only speak of the row itself, without SELECT'],
  ['(@x := 1) = 1', 'variables are not allowed'],
  ['a'.repeat(5000), 'it is longer than 4000 characters'],
])('%s is refused', (condition, problem) => {
  expect(conditionProblem(condition)).toBe(problem);
});

test.each([
  ['a column that is not there', 1054, 'ER_BAD_FIELD_ERROR', "Unknown column 'ann@example.com'"],
  [
    'a value that it met',
    1772,
    'ER_MALFORMED_GTID_SET_SPECIFICATION',
    "Malformed GTID set 'ann@example.com'.",
  ],
])('of %s the number of the error is told, and no word of the server', async (_, errno, code, words) => {
  const met = Object.assign(new Error(words), { errno, code });
  const connection = { query: () => Promise.reject(met) } as unknown as Connection;
  const check = checkCondition(connection, { database: 'shop', table: 'a' }, 'x = 1');
  await expect(check).rejects.toMatchObject({
    code: 'SNAPSHOT_REFUSED',
    message: `The server refuses the condition on shop.a: MySQL gave ${code} (${errno}).`,
  });
});

const TABLE: AskedTable = {
  schema: {
    database: 'shop',
    table: 'a',
    columns: [{ name: 'id', type: 'int', nullable: false, charset: null }],
    keyColumns: ['id'],
  },
  isHidden: () => false,
};

test('a piece of SQL is taken only where a setting allows it, and only if it speaks of the row', () => {
  const sql = asSql('MOD(id, 2) = 0');
  expect(() => whereOf(TABLE, sql, false)).toThrow('snapshot.allowSql is false');
  expect(whereOf(TABLE, sql, true)).toBe('MOD(id, 2) = 0');
  expect(() => whereOf(TABLE, asSql('id = 1'), false)).toThrow('snapshot.allowSql is false');
  expect(() => whereOf(TABLE, '1) OR (1', true)).toThrow('a bracket is closed');
  expect(() => requireCondition('MOD(id, 2) = 0')).toThrow('The condition needs =');
  expect(whereOf(TABLE, null, false)).toBeNull();
});

test('what is logged of a piece of SQL has no literal', () => {
  expect(outlineOf(asSql("email = 'ann@example.com' AND ssn = 123456789"))).toBe(
    "TRUE AND (email = '…' AND ssn = …)",
  );
});

test.each([
  ['42', 'number'],
  ['-1.5', 'number'],
  ['1e20', 'number'],
  ['-1.25e-7', 'number'],
  ["O'Neill", 'text'],
  ['', 'text'],
  ['\0\xff', 'bytes'],
  ['', 'bytes'],
] as const)('the literal of the key %j, a %s, is known as one', (text, kind) => {
  expect(isKeyLiteral(keyLiteral(Buffer.from(text), kind))).toBe(true);
});

test.each([
  '0) UNION SELECT user, authentication_string FROM mysql.user -- ',
  "'a'",
  '',
  '0x',
  '0xZZ',
  '1 OR 1',
  '_utf8mb4',
  '1\n',
])('%j is no literal of a key', (text) => {
  expect(isKeyLiteral(text)).toBe(false);
});
