import type { Redis } from 'ioredis';
import { expect, test } from 'vitest';
import { redisKeyText, rowText } from '../src/compare.ts';

test('Redis keys: parts joined by a colon, awkward characters encoded', () => {
  expect(redisKeyText(['42'])).toBe('42');
  expect(redisKeyText(['42', '3'])).toBe('42:3');
  expect(redisKeyText(['"a:b%{c}é \\""', '"x"'])).toBe('a%3Ab%25%7Bc%7Dé ":x');
});

test('a server that does not answer is a reason with a code, and no error of the client', async () => {
  const away = { get: () => Promise.reject(new Error('Reached the max retries per request limit')) };
  await expect(rowText(away as unknown as Redis, 'shop.orders:1')).rejects.toMatchObject({
    code: 'REDIS_UNAVAILABLE',
  });
});
