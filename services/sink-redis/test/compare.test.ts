import { expect, test } from 'vitest';
import { redisKeyText } from '../src/compare.ts';

test('Redis keys: parts joined by a colon, awkward characters encoded', () => {
  expect(redisKeyText(['42'])).toBe('42');
  expect(redisKeyText(['42', '3'])).toBe('42:3');
  expect(redisKeyText(['"a:b%{c}é \\""', '"x"'])).toBe('a%3Ab%25%7Bc%7Dé ":x');
});
