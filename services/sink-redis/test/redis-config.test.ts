import { expect, test } from 'vitest';
import { redisConfigSchema } from '../src/config.ts';

test.each(['redis://127.0.0.1:6379', 'rediss://user:p%40ss%2Fword@cache.example/3', 'redis://:x@[::1]:1/'])(
  '%s is an address',
  (url) => expect(redisConfigSchema.parse({ url }).url).toBe(url),
);

test.each([
  'redis://host:99999',
  'redis://user:pass/word@host:6379',
  'redis://user:p#ss@host',
  'redis://us%er:x@host',
  'redis://a b',
  'redis://:x@',
  'redis://host/database',
])('%s is refused by the name of its setting, not where it is used', (url) => {
  const [issue, ...others] = redisConfigSchema.safeParse({ url }).error?.issues ?? [];
  expect(issue).toMatchObject({
    path: ['url'],
    message: expect.stringMatching(/^must be redis:.* as % and/) as unknown,
  });
  expect(others).toEqual([]);
  // The address has a password.
  expect(issue?.message).not.toContain(url);
});
