import { expect, test } from 'vitest';
import { clientOf, TokenBuckets } from '../src/token-buckets.ts';

test('so many at once, and more as time goes by', () => {
  let nowMs = 0;
  const buckets = new TokenBuckets({ burst: 2, perSecond: 0.5, names: 10, now: () => nowMs });
  expect([buckets.take('a'), buckets.take('a'), buckets.take('a')]).toEqual([0, 0, 2]);
  expect(buckets.take('b')).toBe(0);
  nowMs = 1000;
  expect(buckets.take('a')).toBe(1);
  nowMs = 2000;
  expect([buckets.take('a'), buckets.take('a')]).toEqual([0, 2]);
  nowMs = 1_000_000;
  expect([buckets.take('a'), buckets.take('a'), buckets.take('a')]).toEqual([0, 0, 2]);
});

test('memory is bounded: who was seen longest ago is forgotten', () => {
  const buckets = new TokenBuckets({ burst: 1, perSecond: 1, names: 2, now: () => 0 });
  for (const name of ['a', 'b', 'a', 'c']) buckets.take(name);
  expect(buckets.size).toBe(2);
  expect(buckets.take('a')).toBe(1);
  expect(buckets.take('b')).toBe(0);
});

test.each([
  ['192.0.2.7', '192.0.2.7'],
  ['::ffff:192.0.2.7', '192.0.2.7'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2'],
  ['2001:db8:1:2::9', '2001:db8:1:2'],
  ['2001:db8::9', '2001:db8:0:0'],
  ['::1', '0:0:0:0'],
  ['fe80::1%eth0', 'fe80:0:0:0'],
])('%s counts as %s', (address, client) => {
  expect(clientOf(address)).toBe(client);
});
