import { expect, test } from 'vitest';
import { transactionSql } from '../../src/orphans/dump-orphans.ts';

const HOSTILE = 'mysql-bin\nDROP TABLE shop.orders;\r\u2028.000007';

/** Lines that a server runs. */
const statementsOf = (text: string): string[] =>
  text.split(/[\n\r]/u).filter((line) => line !== '' && !line.startsWith('-- '));

test('whatever a binlog and its transactions are called, their names are no statements of a file', () => {
  const orphan = {
    gtid: `8b4f0f6a-0000-0000-0000-000000000001:t\nDROP TABLE a;:7`,
    place: { file: HOSTILE, position: 4 },
    committedAtMicros: 0,
    serverId: 1,
    tables: [],
    statements: [],
  };
  expect(statementsOf(transactionSql(orphan, []))).toEqual([]);
  expect(statementsOf(transactionSql(orphan, ['DELETE FROM a WHERE id = 1;\n']))).toEqual([
    'START TRANSACTION;',
    'DELETE FROM a WHERE id = 1;',
    'COMMIT;',
  ]);
});
