import type { SchemaColumn } from '@sluice/envelope';
import { expect, test } from 'vitest';
import { conditionOutline, conditionSql } from '../../src/transform/condition-sql.ts';

const TYPES: Readonly<Record<string, [type: string, charset?: string]>> = {
  id: ['int'],
  Name: ['varchar(40)', 'latin1'],
  at: ['timestamp(3)'],
  doc: ['json'],
  email: ['varchar(99)', 'utf8mb4'],
  'odd `name': ['int'],
};
const columns = Object.entries(TYPES).map(([name, [type, charset = null]]): SchemaColumn => ({
  name,
  type,
  nullable: true,
  charset,
}));
const written = (text: string): string =>
  conditionSql(text, { columns, isHidden: (column) => column === 'email' });

test.each([
  ['id = 7', '(`id` = 7)'],
  ['id BETWEEN 1 AND 7 OR id IS NULL', '(((`id` >= 1) AND (`id` <= 7)) OR (`id` IS NULL))'],
  ['NOT id NOT IN (1, -2.5)', '(NOT (NOT (`id` IN (1, -2.5))))'],
  ["NAME = 'it''s'", '(`Name` = _utf8mb4 0x69742773)'],
  ["name <> ''", "(`Name` != '')"],
  [String.raw`name = '\'`, '(`Name` = _utf8mb4 0x5c)'],
  ['`odd ``name` > 0', '(`odd ``name` > 0)'],
  [
    "at > '2026-11-01T00:00:00.5Z'",
    `(\`at\` > _utf8mb4 0x${Buffer.from('2026-11-01 00:00:00.5').toString('hex')})`,
  ],
  ['doc IS NOT NULL', '(NOT (`doc` IS NULL))'],
])('%s is written anew', (text, sql) => {
  expect(written(text)).toBe(sql);
});

test.each([
  ["email = 'a'", 'asks about column email, which the settings under `tables` hide'],
  ['EMAIL IS NULL', 'asks about column email'],
  ['gone = 1', 'names column gone, which the table does not have'],
  ["id = '1'", 'give a number without quotes'],
  ["doc = 'x'", 'only IS NULL is known for it'],
  ['SLEEP(3600) = 0', 'needs =, !=, <, <=, >, >=, BETWEEN, IN or IS behind column SLEEP, not `(`'],
  ["id = 1 AND GTID_SUBSET(email, '')", 'not `(`'],
  ['id = 1 AND EXTRACTVALUE(1, CONCAT(0x7e, email))', 'not `(`'],
  ['id IN (SELECT 1)', 'needs a number'],
  ['1) OR (1', 'needs the name of a column'],
  ['id = 1 -- x', 'cannot be read'],
  ['id = 1; DROP TABLE t', 'cannot be read'],
  [`id = 1${' OR id = 1'.repeat(1000)}`, 'is longer than 4000 characters'],
])('%s is refused', (text, words) => {
  expect(() => written(text)).toThrow(words);
});

test('what is logged of a condition has no literal', () => {
  const text =
    "name = 'ann@example.com' AND id IN (123456789, 2) OR at BETWEEN '2026-01-01' AND '2027-01-01'";
  expect(conditionOutline(text)).toBe(
    '(((`name` = …) AND (`id` IN (…, …))) OR ((`at` >= …) AND (`at` <= …)))',
  );
});
