import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SEAL_KEYS, withNewKey } from '@sluice/runtime';
import { expect, onTestFinished, test } from 'vitest';
import { RecordSeals, type PlacedRecord } from '../src/record-seals.ts';

const record: PlacedRecord = {
  topic: 't',
  partition: 1,
  key: Buffer.from('k'),
  value: Buffer.from('value'),
};

function keyFile(text: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-seals-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'keys');
  writeFileSync(file, text, { mode: 0o600 });
  return file;
}

test('a seal holds for the record in its place alone', () => {
  const seals = new RecordSeals([Buffer.alloc(32, 1)], true);
  const seal = seals.seal(record);
  // By another program: HMAC-SHA256 over the JSON text ["t",1,1,5], the key and the value.
  expect(seal).toBe('1:NQRR5gA0PB_ikxJ2Y6ndhb8PQps1hFL8R4VkCF_Vfcc');
  expect(seals.accepts(record, seal)).toBe(true);
  for (const other of [
    { topic: 'u' },
    { partition: 2 },
    { key: Buffer.from('K') },
    { key: Buffer.from('kv'), value: Buffer.from('alue') },
    { key: null },
    { value: Buffer.from('Value') },
    { value: null },
  ])
    expect(seals.accepts({ ...record, ...other }, seal), `${JSON.stringify(other)}`).toBe(false);
  for (const told of [undefined, '', '1:', seal.slice(0, -1), `2:${seal.slice(2)}`, seal.slice(2)])
    expect(seals.accepts(record, told), `seal ${told}`).toBe(false);
});

test('records sealed by an older key of the file are accepted, those of another key are not', () => {
  const [older, newer, foreign] = [1, 2, 3].map((byte) => Buffer.alloc(32, byte)) as [Buffer, Buffer, Buffer];
  const seals = new RecordSeals([newer, older], true);
  expect(seals.accepts(record, new RecordSeals([older], true).seal(record))).toBe(true);
  expect(seals.accepts(record, new RecordSeals([foreign], true).seal(record))).toBe(false);
  expect(seals.seal(record)).toBe(new RecordSeals([newer], true).seal(record));
});

test('with `write` nothing is refused, without a file there are no seals', () => {
  const file = keyFile(withNewKey(SEAL_KEYS, '', 'f').text);
  expect(RecordSeals.of({})).toBeNull();
  expect(RecordSeals.of({ sealKeyFile: file, seals: 'write' })?.accepts(record, undefined)).toBe(true);
  expect(RecordSeals.of({ sealKeyFile: file })?.accepts(record, undefined)).toBe(false);
});

test('a file that others may read, or that holds something else, is refused by its setting', () => {
  const file = keyFile('password');
  expect(() => RecordSeals.of({ sealKeyFile: file })).toThrow(
    /^kafka\.sealKeyFile: line 1 of .* is no key as `sluice seal-key new` makes it/,
  );
  chmodSync(file, 0o644);
  expect(() => RecordSeals.of({ sealKeyFile: file })).toThrow(/^kafka\.sealKeyFile: found .* with mode 644/);
  expect(() => RecordSeals.of({ sealKeyFile: `${file}.none` })).toThrow(/cannot be read \(ENOENT\)/);
});
