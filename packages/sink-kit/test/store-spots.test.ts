import { parseConfig } from '@sluice/runtime';
import { describe, expect, test } from 'vitest';
import { globsMeet, refuseSharedSpots, type StoreSpots } from '../src/store-spots.ts';

describe('two patterns meet where a text fits both', () => {
  test.each([
    ['a', 'a', true],
    ['a', 'b', false],
    ['', '', true],
    ['', '*', true],
    ['', '?', false],
    ['a*', '*b', true],
    ['a*b', 'a*c', false],
    ['a?c', 'ab*', true],
    ['a?', 'a', false],
    ['*x*', '*y*', true],
    ['shop.*', 'crm.*', false],
    ['c:shop.users', 'c:*.*', true],
    ['c:shop.users', 's:*.*', false],
    ['**a', 'a', true],
  ])('%s and %s: %s', (one, other, meets) => {
    expect([globsMeet(one, other), globsMeet(other, one)]).toEqual([meets, meets]);
  });

  test('also of many wildcards, in bounded time', () => {
    expect(globsMeet('*a'.repeat(200), `${'*a'.repeat(199)}*b`)).toBe(false);
  });
});

test('a sink that shares a place with another of the file does not start, and names both', () => {
  const config = parseConfig(
    `pipeline: p
source: { host: h, user: u, tables: ['shop.*'] }
kafka: { brokers: ['k:9092'] }
sinks: { a: { type: shelf }, b: { type: shelf }, c: { type: shelf, tables: [crm.x] } }`,
    {},
  );
  const sinks = ['a', 'b', 'c'].map((name) => ({ name, settings: {} }));
  const spots: StoreSpots<object> = (_, { database, table }) => [
    { server: 's', name: `${database}.${table}`, setting: 'file' },
  ];
  const start =
    (name: string, of: StoreSpots<object> | undefined = spots) =>
    (): void =>
      refuseSharedSpots(config, sinks, name, of);
  expect(start('a')).toThrow('sinks.a.file: found shop.* on s, a place that sinks.b has too');
  expect(start('b')).toThrow('sinks.b.file: found shop.* on s, a place that sinks.a has too');
  start('c')();
});
