import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { columnKind } from '../src/column-kinds.ts';
import { ComparisonTally, describeDifference, firstDifference, IdentitySet } from '../src/compare-rows.ts';
import type { ComparedTable } from '../src/compared-table.ts';
import { parseExactJson } from '../src/exact-json.ts';
import { rowOfDocument } from '../src/sink-table.ts';

const column = (name: string, type: string, generated = false): ComparedTable['columns'][number] => ({
  name,
  kind: columnKind(type),
  generated,
});
const TABLE: ComparedTable = {
  database: 'shop',
  table: 'orders',
  columns: [column('id', 'int'), column('total', 'decimal'), column('double_total', 'decimal', true)],
  key: [0],
};
const SOURCE = ['7', '"1.50"', '"3.00"'];
const row = (document: string): NonNullable<ReturnType<typeof rowOfDocument>> => {
  const found = rowOfDocument(TABLE, parseExactJson(document), new Set(['_sequence']));
  if (found === null) throw new Error('not an object');
  return found;
};

describe('firstDifference', () => {
  test.each([
    ['all columns', '{"_sequence":"1","id":7,"total":"1.50","double_total":"3.00"}'],
    ['another order', '{"total":"1.50","double_total":"3.00","id":7}'],
    ['no generated column', '{"id":7,"total":"1.50"}'],
  ])('equal: %s', (_, document) => {
    expect(firstDifference(TABLE, SOURCE, row(document))).toBeNull();
  });

  test.each([
    ['another scale', '{"id":7,"total":"1.5"}', { column: 'total', source: '"1.50"', found: '"1.5"' }],
    ['a number for a text', '{"id":7,"total":1.50}', { column: 'total', source: '"1.50"', found: '15e-1' }],
    ['null', '{"id":7,"total":null}', { column: 'total', source: '"1.50"', found: 'null' }],
    ['absent', '{"id":7}', { column: 'total', source: '"1.50"', found: 'absent' }],
    [
      'another generated value',
      '{"id":7,"total":"1.50","double_total":"3.01"}',
      { column: 'double_total', source: '"3.00"', found: '"3.01"' },
    ],
    [
      'a column of its own',
      '{"id":7,"total":"1.50","more":1}',
      { column: 'more', source: 'absent', found: 'present' },
    ],
  ])('different: %s', (_, document, expected) => {
    expect(firstDifference(TABLE, SOURCE, row(document))).toEqual(expected);
  });

  test('members of the prototype are no columns', () => {
    const table = { ...TABLE, columns: [column('constructor', 'int')] };
    expect(rowOfDocument(table, parseExactJson('{}'), new Set())?.values).toEqual([undefined]);
  });
});

test('the tally counts, and keeps the first twenty examples', () => {
  const tally = new ComparisonTally('redis');
  tally.compare(TABLE, '7', SOURCE, row('{"id":7,"total":"1.50"}'));
  tally.compare(TABLE, '8', SOURCE, row('{"id":8,"total":"1.50"}'));
  for (let key = 0; key < 30; key += 1) tally.compare(TABLE, String(key), SOURCE, null);
  tally.extra(TABLE, 'z');
  const { examples, ...counts } = tally.result();
  expect(counts).toEqual({ compared: 32, different: 1, missing: 30, extra: 1 });
  expect(examples).toHaveLength(20);
  expect(examples.slice(0, 2).map(describeDifference)).toEqual([
    'redis shop.orders 8: id is 8, in the source 7',
    'redis shop.orders 0: missing',
  ]);
});

describe('IdentitySet', () => {
  test('knows exactly what was added', () => {
    const property = fc.property(fc.uniqueArray(fc.string(), { maxLength: 3000 }), (texts) => {
      const set = new IdentitySet();
      const [inside, outside] = [texts.filter((_, i) => i % 2 === 0), texts.filter((_, i) => i % 2 === 1)];
      for (const text of inside) set.add(text);
      expect(inside.every((text) => set.has(text))).toBe(true);
      expect(outside.some((text) => set.has(text))).toBe(false);
    });
    fc.assert(property, { numRuns: 20 });
  });

  test('grows, also after it was asked', () => {
    const set = new IdentitySet();
    for (let number = 0; number < 5000; number += 1) {
      set.add(`a${number}`);
      if (number % 1000 === 0) expect(set.has('a0')).toBe(true);
    }
    expect(set.has('a4999')).toBe(true);
    expect(set.has('a5000')).toBe(false);
  });
});
