import { expect, test } from 'vitest';
import { controlKey, isControlKey, keyColumnsText, parseKey, recordKey, toldOf } from '../src/keys.ts';

test('control keys', () => {
  expect(controlKey('truncate')).toBe('{"$sluice":"truncate"}');
  for (const type of ['truncate', 'schema', 'snapshot', 'heartbeat'] as const) {
    expect(isControlKey(controlKey(type))).toBe(true);
    expect(parseKey(controlKey(type))).toEqual({ $sluice: type });
  }
  expect(isControlKey('{"id":1}')).toBe(false);
  expect(isControlKey('{"$sluice":"other"}')).toBe(false);
});

test('a record key is an object of columns, in key order', () => {
  expect(Object.keys(parseKey('{"b":1,"a":"9007199254740993"}'))).toEqual(['b', 'a']);
  expect(() => parseKey('{"a":')).toThrow(expect.objectContaining({ code: 'NOT_JSON' }));
  for (const text of ['[]', '1', 'null', '"a"']) {
    expect(() => parseKey(text)).toThrow(expect.objectContaining({ code: 'INVALID' }));
  }
});

test('the refusal of a key does not quote it', () => {
  expect(() => parseKey('{"name":"ann')).toThrow(/^record key is not JSON$/);
});

test('in a topic of several tables a key tells its table first, and gives its columns back', () => {
  const members = '"$database":"shop","$table":"a\\"b"';
  expect(recordKey('', '{"id":1}')).toBe('{"id":1}');
  expect(recordKey(members, '{"id":1}')).toBe('{"$database":"shop","$table":"a\\"b","id":1}');
  expect(keyColumnsText(members, recordKey(members, '{"id":1}'))).toBe('{"id":1}');
  expect(keyColumnsText(members, '{"id":1}')).toBeNull();
  expect(keyColumnsText('', '{"$table":"x","id":1}')).toBe('{"$table":"x","id":1}');
  expect(controlKey('truncate', '"$table":"orders"')).toBe('{"$sluice":"truncate","$table":"orders"}');
  expect(isControlKey(controlKey('schema', members))).toBe(true);
});

test.each([
  ['{"$table":"orders","id":1}', null, 'orders'],
  ['{"$database":"shop","$table":"a\\"b","id":1}', 'shop', 'a"b'],
  ['{"$sluice":"schema","$database":"shop"}', 'shop', null],
  ['{"id":1,"$table":"orders"}', null, null],
  ['{"$table":5}', null, null],
  ['', null, null],
])('%s tells %s, %s', (key, database, table) => {
  expect(toldOf(key)).toEqual({ database, table });
});
