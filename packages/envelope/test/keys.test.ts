import { expect, test } from 'vitest';
import { controlKey, isControlKey, parseKey } from '../src/keys.ts';

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
