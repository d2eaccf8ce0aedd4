import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { HASH_KEYS, withNewKey } from '@sluice/runtime';
import { afterAll, expect, test } from 'vitest';
import type { HashKey } from '../../src/model/hash-key.ts';
import { readHashKey } from '../../src/transform/read-hash-key.ts';

const folder = mkdtempSync(join(tmpdir(), 'sluice-test-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function read(text: string, hashKeyForm: 'ring' | 'bytes', mode = 0o600): HashKey | null {
  const hashKeyFile = join(folder, 'key');
  writeFileSync(hashKeyFile, text);
  chmodSync(hashKeyFile, mode);
  return readHashKey({ hashKeyFile, hashKeyForm });
}

const first = withNewKey(HASH_KEYS, '', 'f');
const ring = withNewKey(HASH_KEYS, first.text, 'f');

test('the newest key of a ring is used, and the older ones are known by their ids', () => {
  const key = read(ring.text, 'ring');
  expect([key?.id, [...(key?.olderIds ?? [])], key?.isPerColumn]).toEqual([ring.id, [first.id], true]);
});

test('a key of before there were rings goes on only where a setting says so', () => {
  const bytes = 'sixteen bytes at least\n';
  expect(() => read(bytes, 'ring')).toThrow('or set capture.hashKeyForm: bytes');
  const key = read(bytes, 'bytes');
  expect([key?.isPerColumn, key?.forColumn(undefined).digest(Buffer.from('a'))]).toEqual([
    false,
    read('sixteen bytes at least', 'bytes')?.forColumn(undefined).digest(Buffer.from('a')),
  ]);
  expect(() => read('short', 'bytes')).toThrow('found 5 bytes');
  expect(() => read(ring.text, 'bytes')).toThrow('Remove that setting');
});

test.each([0o644, 0o604, 0o620, 0o602])('a file of mode %o is refused', (mode) => {
  expect(() => read(ring.text, 'ring', mode)).toThrow(/which lets others in\. Fix: chmod o=,g-w/u);
});

test.each([0o400, 0o600, 0o440, 0o640])('a file of mode %o is read', (mode) => {
  expect(read(ring.text, 'ring', mode)?.id).toBe(ring.id);
});

test('no file, no key', () => {
  expect(readHashKey({ hashKeyFile: undefined, hashKeyForm: 'ring' })).toBeNull();
  expect(() => readHashKey({ hashKeyFile: join(folder, 'none'), hashKeyForm: 'ring' })).toThrow('ENOENT');
});
