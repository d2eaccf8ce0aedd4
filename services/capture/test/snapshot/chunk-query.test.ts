import { describe, expect, test } from 'vitest';
import { chunkSql, keyLiteral } from '../../src/snapshot/chunk-query.ts';

const query = {
  database: 'shop',
  table: 'lines',
  expressions: ['`a`', '`b`'],
  condition: null,
  limit: 10,
  lock: false,
};

describe('chunkSql', () => {
  test('first page: in key order, from the start', () => {
    expect(chunkSql({ ...query, keyColumns: ['a'], after: null })).toBe(
      'SELECT `a` AS c0, `b` AS c1 FROM `shop`.`lines` ORDER BY `shop`.`lines`.`a` LIMIT 10',
    );
  });

  test('a condition stands beside the place in the table', () => {
    const some = { ...query, keyColumns: ['a'], condition: 'b = 1 OR b = 2' };
    expect(chunkSql({ ...some, after: null })).toContain(' WHERE (b = 1 OR b = 2) ORDER');
    expect(chunkSql({ ...some, after: ['7'] })).toContain(' WHERE (`a` > 7) AND (b = 1 OR b = 2) ORDER');
  });

  test('next page of a key of two columns', () => {
    expect(chunkSql({ ...query, keyColumns: ['a', 'b'], after: ['1', '_utf8mb4 0x78'], lock: true })).toBe(
      'SELECT `a` AS c0, `b` AS c1 FROM `shop`.`lines` WHERE `a` >= 1 AND ((`a` > 1) OR (`a` = 1 AND `b` > _utf8mb4 0x78)) ORDER BY `shop`.`lines`.`a`, `shop`.`lines`.`b` LIMIT 10 FOR SHARE',
    );
  });
});

test.each([
  ['12', 'number', '12'],
  ['Zoë', 'text', '_utf8mb4 0x5a6fc3ab'],
  ['', 'text', "_utf8mb4 ''"],
  ["'; DROP", 'bytes', '0x273b2044524f50'],
] as const)('key literal of %j as %s', (value, kind, literal) => {
  expect(keyLiteral(Buffer.from(value), kind)).toBe(literal);
});
