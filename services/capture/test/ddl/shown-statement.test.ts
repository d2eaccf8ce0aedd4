import { expect, test } from 'vitest';
import { shownStatement } from '../../src/ddl/shown-statement.ts';
import type { Dialect } from '../../src/ddl/sql-lexer.ts';

const ANSI_QUOTES = 4;
const PLAIN: Dialect = { flavour: 'mysql', sqlMode: 0 };

test.each([
  ["ALTER TABLE t ADD a VARCHAR(9) DEFAULT 'secret'", "ALTER TABLE t ADD a VARCHAR(9) DEFAULT '…'"],
  [
    "ALTER TABLE t ADD a ENUM('x', 'it''s') COMMENT 'x'",
    "ALTER TABLE t ADD a ENUM('x', 'it''s') COMMENT '…'",
  ],
  [
    "CREATE TABLE f (id INT) ENGINE=FEDERATED CONNECTION='mysql://root:hunter2@host/db/t'",
    "CREATE TABLE f (id INT) ENGINE=FEDERATED CONNECTION='…'",
  ],
  ['ALTER TABLE t COMMENT "it\\"s secret"', "ALTER TABLE t COMMENT '…'"],
  ["/* token=abc */ DROP TABLE `a'b`  -- secret", "DROP TABLE `a'b`"],
  ['ALTER  TABLE\n t\tADD x INT', 'ALTER TABLE t ADD x INT'],
])('%s', (sql, expected) => {
  expect(shownStatement(sql, PLAIN)).toBe(expected);
});

test('double quotes are around names where the session says so', () => {
  expect(shownStatement('DROP TABLE "orders"', { flavour: 'mysql', sqlMode: ANSI_QUOTES })).toBe(
    'DROP TABLE "orders"',
  );
});

test('a statement of any length is bounded', () => {
  expect(shownStatement(`DROP TABLE ${'t, '.repeat(10_000)}x`, PLAIN)).toHaveLength(10_001);
});
