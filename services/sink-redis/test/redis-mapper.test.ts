import { describe, expect, test } from 'vitest';
import { floorKey, hashFields, jsonValue, rowKey, tablePattern, tombstoneKey } from '../src/redis-mapper.ts';

const sequence = '0010000020053760849';

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

  test('a tombstone lies in the slot of its row', () => {
    expect(tombstoneKey('shop.orders:42')).toBe('sluice:{shop.orders:42}');
    expect(tombstoneKey('{shop}:shop.orders:42')).toBe('sluice:{shop}:shop.orders:42');
  });

  test('a floor and a pattern belong to one table', () => {
    expect(floorKey('', 'shop', 'orders')).toBe('sluice:floor:shop.orders:');
    expect(tablePattern('', 'shop', 'a*b[c]?')).toBe('shop.a\\*b\\[c\\]\\?:*');
  });
});

describe('values', () => {
  test('the sequence stands where the script reads it', () => {
    const value = jsonValue(sequence, '{"id":42,"price":"12.50"}');
    expect(value).toBe('{"_sequence":"0010000020053760849","id":42,"price":"12.50"}');
    expect(value.slice(14, 33)).toBe(sequence);
    expect(jsonValue(sequence, '{}')).toBe('{"_sequence":"0010000020053760849"}');
  });

  test('numbers of a JSON column keep their text', () => {
    expect(jsonValue(sequence, '{"doc":{"a":1.0,"b":12345678901234567890}}')).toContain(
      '{"a":1.0,"b":12345678901234567890}',
    );
  });

  test('hash fields are texts without NULLs', () => {
    const text = '{"id":42,"name":"x","none":null,"ratio":1.0,"doc":{"a":1.0}}';
    const after = { id: 42, name: 'x', none: null, ratio: 1, doc: { a: 1 } };
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
