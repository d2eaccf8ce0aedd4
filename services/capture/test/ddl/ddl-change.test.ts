import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { clauseClass, ddlChange, type StatementClass } from '../../src/ddl/ddl-change.ts';
import { plainStatement } from '../../src/ddl/statement-text.ts';

const PLAIN = { flavour: 'mysql', sqlMode: 0 } as const;
const CLASSES = [null, 'additive', 'breaking', 'rename', 'truncate', 'drop'];

test.each<[string, StatementClass | null]>([
  ['ADD COLUMN a INT', 'additive'],
  ['ADD `index` INT', 'additive'],
  ['ADD (a INT, b INT)', 'additive'],
  ['ADD a INT UNIQUE', 'additive'],
  ['ADD INDEX (a)', null],
  ['ADD UNIQUE KEY u (a)', null],
  ['ADD CONSTRAINT c FOREIGN KEY (a) REFERENCES t (id)', null],
  ['ADD PRIMARY KEY (a)', 'breaking'],
  ['ADD CONSTRAINT PRIMARY KEY (a)', 'breaking'],
  ['ADD CONSTRAINT `pk` PRIMARY KEY (a)', 'breaking'],
  ['ADD SYSTEM VERSIONING', 'breaking'],
  ['ADD PARTITION (PARTITION p VALUES LESS THAN (1))', null],
  ['DROP a', 'breaking'],
  ['DROP COLUMN `key`', 'breaking'],
  ['DROP KEY a', null],
  ['DROP PRIMARY KEY', 'breaking'],
  ['DROP PARTITION p', 'truncate'],
  ['TRUNCATE PARTITION ALL', 'truncate'],
  ['EXCHANGE PARTITION p WITH TABLE t', 'breaking'],
  ['MODIFY a BIGINT', 'breaking'],
  ['CHANGE a b BIGINT', 'breaking'],
  ['CONVERT TO CHARACTER SET utf8mb4', 'breaking'],
  ['RENAME COLUMN a TO b', 'breaking'],
  ['RENAME INDEX a TO b', null],
  ['RENAME b', 'rename'],
  ['ALTER COLUMN a SET DEFAULT 5', null],
  ['ALTER `a` DROP DEFAULT', null],
  ['ALTER INDEX i INVISIBLE', null],
  ['ENGINE=InnoDB', null],
  ['engine myisam', null],
  ['ENGINE = `Aria`', null],
  ['ENGINE=InnoDB ROW_FORMAT=COMPRESSED', null],
  ['ENGINE=BLACKHOLE', 'breaking'],
  ['ENGINE blackhole', 'breaking'],
  ["ENGINE = ''", 'breaking'],
  ["COMMENT '' ENGINE=MERGE UNION=(a, b)", 'breaking'],
  ["AUTO_INCREMENT=7 ENGINE=FEDERATED CONNECTION=''", 'breaking'],
  ['ENGINE=InnoDB ENGINE=CONNECT', 'breaking'],
  ['ADD engine INT', 'additive'],
  ['ORDER BY engine', null],
  ['default charset = latin1', null],
  ['AUTO_INCREMENT 7', null],
  ['ALGORITHM=INSTANT', null],
  ['PARTITION BY HASH (id) PARTITIONS 4', null],
  ['FORCE', null],
  ['SOMETHING of a server to come', 'breaking'],
])('the clause %s is %s', (clause, expected) => {
  expect(clauseClass(clause)).toBe(expected);
});

test.each<[string, StatementClass | null]>([
  ["ALTER TABLE t ADD a VARCHAR(9) DEFAULT 'x, DROP b', ADD INDEX (a)", 'additive'],
  ['ALTER TABLE t ADD a INT, DROP COLUMN b', 'breaking'],
  ['ALTER TABLE t ADD a INT, RENAME TO u', 'rename'],
  ['ALTER TABLE t WAIT 5 ADD INDEX (a)', null],
  ['ALTER TABLE t', null],
  ['ALTER ONLINE TABLE IF EXISTS t ENGINE=InnoDB', null],
  ['CREATE TABLE t (id INT)', 'additive'],
  ['CREATE OR REPLACE TABLE t (id INT)', 'breaking'],
  ['CREATE UNIQUE INDEX i ON t (a)', null],
  ['DROP INDEX `PRIMARY` ON t', 'breaking'],
  ['DROP INDEX i ON t', null],
  ['CREATE TRIGGER a AFTER INSERT ON t FOR EACH ROW DROP TABLE x', null],
  ["CREATE USER 'a' IDENTIFIED BY 'DROP TABLE t'", null],
  ['DROP TEMPORARY TABLE t', null],
  ['DROP VIEW v', null],
  ['DROP SCHEMA s', 'drop'],
  ['RENAME USER a TO b', null],
  ['RENAME TABLE a TO b', 'rename'],
])('%s is %s', (statement, expected) => {
  expect(ddlChange(plainStatement(statement, PLAIN), 'shop').class).toBe(expected);
});

describe('any text', () => {
  test('has a class, and nothing is thrown', () => {
    const words = fc.constantFrom(
      'ALTER TABLE',
      'DROP',
      'RENAME',
      'CREATE TABLE',
      'TO',
      '`',
      '"',
      "'",
      '(',
      ')',
      ',',
      '/*',
      '*/',
      '.',
    );
    const text = fc.array(fc.oneof(words, fc.string({ unit: 'binary', maxLength: 9 })), { maxLength: 12 });
    fc.assert(
      fc.property(text, (parts) => {
        expect(CLASSES).toContain(ddlChange(plainStatement(parts.join(' '), PLAIN), 'shop').class);
      }),
      { numRuns: 50 },
    );
  });

  test('a long list of names takes no time', () => {
    const names = Array.from({ length: 5000 }, (_, index) => `t${index}`).join(', ');
    expect(ddlChange(`DROP TABLE ${names}`, 'shop').dropped).toHaveLength(5000);
  });
});
