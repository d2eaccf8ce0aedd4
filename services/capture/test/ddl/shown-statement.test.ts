import { expect, test } from 'vitest';
import { shownStatement } from '../../src/ddl/shown-statement.ts';
import type { Dialect } from '../../src/ddl/sql-lexer.ts';

const ANSI_QUOTES = 4;
const PLAIN: Dialect = { flavour: 'mysql', sqlMode: 0 };

test.each([
  ["ALTER TABLE t ADD a VARCHAR(9) DEFAULT 'secret'", "ALTER TABLE t ADD a VARCHAR(9) DEFAULT '…'"],
  ["ALTER TABLE t ADD a ENUM('x', 'it''s') COMMENT 'x'", "ALTER TABLE t ADD a ENUM('…', '…') COMMENT '…'"],
  [
    "CREATE TABLE f (id INT) ENGINE=FEDERATED CONNECTION='mysql://root:hunter2@host/db/t'",
    "CREATE TABLE f (id INT) ENGINE=FEDERATED CONNECTION='…'",
  ],
  ['ALTER TABLE t COMMENT "it\\"s secret"', "ALTER TABLE t COMMENT '…'"],
  ["/* token=abc */ DROP TABLE `a'b`  -- secret", "DROP TABLE `a'b`"],
  ['ALTER  TABLE\n t\tADD x INT', 'ALTER TABLE t ADD x INT'],
  [
    'CREATE TABLE t (a DECIMAL(10, 2) DEFAULT 123456.75, b datetime (6) DEFAULT 0x414e4e, KEY (c(7)))',
    'CREATE TABLE t (a DECIMAL(10, 2) DEFAULT …, b datetime (6) DEFAULT …, KEY (c(…)))',
  ],
  [
    'ALTER TABLE t ADD CHECK (ssn <> 123456789 OR x < -1.5e-7)',
    'ALTER TABLE t ADD CHECK (ssn <> … OR x < -…-…)',
  ],
  [
    "ALTER TABLE t ADD a BIT(8) DEFAULT b'01000001', ADD b INT DEFAULT 0b11, ADD c TEXT DEFAULT (_latin1'x')",
    "ALTER TABLE t ADD a BIT(8) DEFAULT b'…', ADD b INT DEFAULT …, ADD c TEXT DEFAULT (_latin1'…')",
  ],
  [
    'CREATE TABLE t (id INT(11)) AS SELECT * FROM u WHERE ssn = 123456789',
    'CREATE TABLE t (id INT(11)) AS SELECT …',
  ],
  [
    'ALTER TABLE t PARTITION BY RANGE (id) (PARTITION p0 VALUES LESS THAN (4711, 12))',
    'ALTER TABLE t PARTITION BY RANGE (id) (PARTITION p0 VALUES LESS THAN (…, …))',
  ],
  ['CREATE TABLE t2 (x1 INT) AUTO_INCREMENT=4711', 'CREATE TABLE t2 (x1 INT) AUTO_INCREMENT=…'],
  ['ALTER TABLE 2fast ADD 3rd INT', 'ALTER TABLE 2fast ADD 3rd INT'],
])('%s', (sql, expected) => {
  expect(shownStatement(sql, PLAIN)).toBe(expected);
});

test('double quotes are around names where the session says so', () => {
  expect(shownStatement('DROP TABLE "orders"', { flavour: 'mysql', sqlMode: ANSI_QUOTES })).toBe(
    'DROP TABLE "orders"',
  );
});

test('a backslash is one where the session says so', () => {
  const sql = String.raw`ALTER TABLE t ADD a VARCHAR(9) DEFAULT '\', ADD b VARCHAR(99) DEFAULT 'topsecret'`;
  expect(shownStatement(sql, { flavour: 'mysql', sqlMode: 1_048_576 })).toBe(
    "ALTER TABLE t ADD a VARCHAR(9) DEFAULT '…', ADD b VARCHAR(99) DEFAULT '…'",
  );
});

test('a statement of any length is bounded', () => {
  expect(shownStatement(`DROP TABLE ${'t, '.repeat(10_000)}x`, PLAIN)).toHaveLength(10_001);
});
