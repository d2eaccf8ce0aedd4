import { createHmac } from 'node:crypto';
import { expect, test } from 'vitest';
import { HASH_KEYS, isKeyRing, keyId, parseKeyRing, SEAL_KEYS, withNewKey } from '../src/key-ring.ts';

test('a new key stands in front of those that it replaces', () => {
  const first = withNewKey(HASH_KEYS, '', 'f');
  const second = withNewKey(HASH_KEYS, first.text, 'f');
  const keys = parseKeyRing(HASH_KEYS, `# ours\n\n${second.text}`, 'f');
  expect(keys.map(({ length }) => length)).toEqual([32, 32]);
  expect(keys.map((key) => keyId(HASH_KEYS, key))).toEqual([second.id, first.id]);
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
  expect(() => parseKeyRing(HASH_KEYS, text, 'f')).toThrow(words);
  expect(() => parseKeyRing(HASH_KEYS, text, 'f')).not.toThrow(/password|AAAA/u);
});

test('a ring is told from the bytes of a key', () => {
  const { text } = withNewKey(HASH_KEYS, '', 'f');
  expect(isKeyRing(HASH_KEYS, Buffer.from(text))).toBe(true);
  expect(isKeyRing(HASH_KEYS, Buffer.from(`# ours\n\n${text}`))).toBe(true);
  expect(isKeyRing(HASH_KEYS, Buffer.from('passwordpassword'))).toBe(false);
  expect(isKeyRing(HASH_KEYS, Buffer.from([0, 255, 10, 35]))).toBe(false);
});

test('keys of one use are none of another', () => {
  const { text } = withNewKey(SEAL_KEYS, '', 'f');
  expect(isKeyRing(HASH_KEYS, Buffer.from(text))).toBe(false);
  expect(() => parseKeyRing(HASH_KEYS, text, 'f')).toThrow(
    'capture.hashKeyFile: line 1 of f is no key as `sluice hash-key new` makes it',
  );
  expect(parseKeyRing(SEAL_KEYS, text, 'f')).toHaveLength(1);
});
