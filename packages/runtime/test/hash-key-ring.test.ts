import { createHmac } from 'node:crypto';
import { expect, test } from 'vitest';
import { hashKeyId, isHashKeyRing, parseHashKeyRing, withNewHashKey } from '../src/hash-key-ring.ts';

test('a new key stands in front of those that it replaces', () => {
  const first = withNewHashKey('', 'f');
  const second = withNewHashKey(first.text, 'f');
  const keys = parseHashKeyRing(`# ours\n\n${second.text}`, 'f');
  expect(keys.map(({ length }) => length)).toEqual([32, 32]);
  expect(keys.map(hashKeyId)).toEqual([second.id, first.id]);
  expect(second.id).toMatch(/^[0-9a-f]{4}$/u);
  expect(second.id).not.toBe(first.id);
  const [key = Buffer.alloc(0)] = keys;
  expect(createHmac('sha256', key).update('sluice hash key').digest('hex')).not.toContain(
    second.id.repeat(2),
  );
});

test.each([
  ['', 'holds no key'],
  ['passwordpassword', 'line 1 of f is no key'],
  [`sluice-hash-key-1 ${'A'.repeat(42)}`, 'line 1 of f is no key'],
  [`# x\nsluice-hash-key-2 ${'A'.repeat(43)}`, 'line 2 of f is no key'],
  [`sluice-hash-key-1 ${'A'.repeat(43)}\nsluice-hash-key-1 ${'A'.repeat(43)}`, 'two keys in f are the same'],
])('%j is no ring, and no part of it is shown', (text, words) => {
  expect(() => parseHashKeyRing(text, 'f')).toThrow(words);
  expect(() => parseHashKeyRing(text, 'f')).not.toThrow(/password|AAAA/u);
});

test('a ring is told from the bytes of a key', () => {
  const { text } = withNewHashKey('', 'f');
  expect(isHashKeyRing(Buffer.from(text))).toBe(true);
  expect(isHashKeyRing(Buffer.from(`# ours\n\n${text}`))).toBe(true);
  expect(isHashKeyRing(Buffer.from('passwordpassword'))).toBe(false);
  expect(isHashKeyRing(Buffer.from([0, 255, 10, 35]))).toBe(false);
});
