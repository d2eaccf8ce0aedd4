import type { Connection } from 'mysql2/promise';
import { expect, test } from 'vitest';
import { conditionProblem, isKeyLiteral } from '../../src/model/snapshot-sql.ts';
import { checkCondition } from '../../src/snapshot/condition.ts';
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

test('what the server does not understand of the condition is refused in its words', async () => {
  const unknown = Object.assign(new Error("Unknown column 'x'"), { errno: 1054, code: 'ER_BAD_FIELD_ERROR' });
  const connection = { query: () => Promise.reject(unknown) } as unknown as Connection;
  const check = checkCondition(connection, { database: 'shop', table: 'a' }, 'x = 1');
  await expect(check).rejects.toMatchObject({ code: 'SNAPSHOT_REFUSED' });
  await expect(check).rejects.toThrow("Unknown column 'x'");
});

test('what the server says of a value that it met is not passed on', async () => {
  const message = "Malformed GTID set specification 'ann@example.com'.";
  const met = Object.assign(new Error(message), { errno: 1772, code: 'ER_MALFORMED_GTID_SET_SPECIFICATION' });
  const connection = { query: () => Promise.reject(met) } as unknown as Connection;
  const check = checkCondition(connection, { database: 'shop', table: 'a' }, "GTID_SUBSET(email, '')");
  await expect(check).rejects.toThrow(/ER_MALFORMED_GTID_SET_SPECIFICATION \(1772\)$/u);
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
