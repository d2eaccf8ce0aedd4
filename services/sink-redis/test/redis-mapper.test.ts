import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Row } from '@sluice/envelope';
import { columnsOf } from '../src/compare.ts';
import { floorKey, hashFields, jsonValue, tablePrefix, tombstoneKey } from '../src/redis-mapper.ts';
import { RowKeys } from '../src/row-keys.ts';

const sequence = '0010000020053760849';

/** The text of a key is what capture wrote; here, where no name is a number, the order of the object. */
const rowKey = (
  prefix: string,
  database: string,
  table: string,
  key: Row,
  text = JSON.stringify(key),
): string =>
  new RowKeys({ keyPrefix: prefix, rows: {} }, 'sinks.redis').of({ database, table }).rowKey(key, text);

describe('keys', () => {
  test('a row key names the table and the key values', () => {
    expect(rowKey('', 'shop', 'orders', { id: 42 })).toBe('shop.orders:42');
    expect(rowKey('', 'shop', 'order_lines', { order_id: 42, line: 3 })).toBe('shop.order_lines:42:3');
    expect(rowKey('cache/', 'shop', 'orders', { id: '18446744073709551615' })).toBe(
      'cache/shop.orders:18446744073709551615',
    );
  });

  test('what would be read as separator or hash tag is escaped', () => {
    expect(rowKey('', 'shop', 'codes', { code: 'a:b%{c}' })).toBe('shop.codes:a%3Ab%25%7Bc%7D');
    expect(rowKey('', 'shop', 'codes', { a: 'x:', b: 'y' })).not.toBe(
      rowKey('', 'shop', 'codes', { a: 'x', b: ':y' }),
    );
  });

  test('values stand in the order of the key, which an object does not keep for names that are numbers', () => {
    const text = '{"b":7,"1":9}';
    expect(rowKey('', 'shop', 'odd', JSON.parse(text) as Row, text)).toBe('shop.odd:7:9');
    const more = String.raw`{"a\"b":[1,{"x":"}"}],"10":"x","2":3}`;
    expect(rowKey('', 'shop', 'odd', JSON.parse(more) as Row, more)).toBe(
      'shop.odd:[1,%7B"x"%3A"%7D"%7D]:x:3',
    );
  });

  test('tables whose names have dots do not meet', () => {
    expect(rowKey('', 'a', 'b.c', { id: 1 })).toBe('a.b%2Ec:1');
    expect(rowKey('', 'a.b', 'c', { id: 1 })).toBe('a%2Eb.c:1');
    expect(rowKey('', 'shop', 'prices', { price: '12.50' })).toBe('shop.prices:12.50');
  });

  test('rows of two tables, or of two keys, never have a place in common', () => {
    const text = fc.oneof(
      fc.string({
        unit: fc.constantFrom('a', 'B', '.', '%', ':', '{', '}', '1', '2E'),
        minLength: 1,
        maxLength: 6,
      }),
      fc.constantFrom('__proto__', 'constructor', '日'.repeat(64)),
    );
    const row = fc.record({ database: text, table: text, key: fc.tuple(text, text) });
    fc.assert(
      fc.property(row, row, (one, two) => {
        const [first, second] = [one, two].map(({ database, table, key: [a, b] }) =>
          [rowKey('', database, table, { a, b }), floorKey(tablePrefix('', database, table))].join(' '),
        );
        expect(first === second).toBe(JSON.stringify(one) === JSON.stringify(two));
      }),
      { numRuns: 1000 },
    );
  });

  test('a tombstone lies in the slot of its row', () => {
    expect(tombstoneKey('shop.orders:42')).toBe('sluice:{shop.orders:42}');
    expect(tombstoneKey('{shop}:shop.orders:42')).toBe('sluice:{shop}:shop.orders:42');
  });

  test('a floor and a pattern belong to one table', () => {
    const keysOf = (table: string) =>
      new RowKeys({ keyPrefix: '', rows: {} }, 'sinks.redis').of({ database: 'shop', table });
    expect(floorKey(keysOf('orders').place)).toBe('sluice:floor:shop.orders:');
    expect(keysOf('a*b[c]?').pattern).toBe('shop.a\\*b\\[c\\]\\?:*');
  });
});

type Texts = Readonly<Record<string, string | null>>;

describe('values', () => {
  test('the sequence stands where the script reads it', () => {
    const value = jsonValue(sequence, '{"id":42,"price":"12.50"}');
    expect(value).toBe('{"_sequence":"0010000020053760849","id":42,"price":"12.50"}');
    expect(value.slice(14, 33)).toBe(sequence);
    expect(jsonValue(sequence, '{}')).toBe('{"_sequence":"0010000020053760849"}');
  });

  test('a column of the name of the sequence has a member of its own', () => {
    const value = jsonValue(
      sequence,
      '{"id":1.0,"_sequence":"mine","__sequence":null,"doc":{"_sequence":2.50}}',
    );
    expect(value).toBe(
      `{"_sequence":"${sequence}","id":1.0,"__sequence":"mine","___sequence":null,"doc":{"_sequence":2.50}}`,
    );
    expect(columnsOf(JSON.parse(value) as Texts)).toMatchObject({ _sequence: 'mine', __sequence: null });
    expect(columnsOf(JSON.parse(jsonValue(sequence, '{"id":"1"}')) as Texts)).toEqual({ id: '1' });
  });

  test('numbers of a JSON column keep their text', () => {
    expect(jsonValue(sequence, '{"doc":{"a":1.0,"b":12345678901234567890}}')).toContain(
      '{"a":1.0,"b":12345678901234567890}',
    );
  });

  test('hash fields are texts without NULLs', () => {
    const text = '{"id":42,"name":"x","none":null,"ratio":1.0,"doc":{"a":1.0}}';
    const after = { id: 42, name: 'x', none: null, ratio: 1, doc: { a: 1 } };
    expect(hashFields(sequence, { _sequence: 'zzz', __sequence: 'x' }, '{}')).toEqual([
      '_sequence',
      sequence,
      '__sequence',
      'zzz',
      '___sequence',
      'x',
    ]);
    expect(hashFields(sequence, after, text)).toEqual([
      '_sequence',
      sequence,
      'id',
      '42',
      'name',
      'x',
      'ratio',
      '1.0',
      'doc',
      '{"a":1.0}',
    ]);
  });
});
