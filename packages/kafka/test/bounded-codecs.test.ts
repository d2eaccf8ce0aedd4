import zlib from 'node:zlib';
import { compressionsAlgorithms } from '@platformatic/kafka';
import { expect, test } from 'vitest';
import { BatchTooLarge, BOUNDED, BOUNDED_IN_POOL, UNPACKED_MAX } from '../src/bounded-codecs.ts';

const CODECS = ['gzip', 'zstd', 'lz4', 'snappy'] as const;
const TEXT = Buffer.from('{"schema":{"version":1}}'.repeat(5000));

function packed(codec: (typeof CODECS)[number], bytes: Buffer): Buffer {
  if (codec === 'gzip') return zlib.gzipSync(bytes);
  return codec === 'zstd' ? zlib.zstdCompressSync(bytes) : compressionsAlgorithms[codec].compressSync(bytes);
}

test.each(CODECS)('what %s has packed comes back', async (codec) => {
  expect(BOUNDED[codec](packed(codec, TEXT)).equals(TEXT)).toBe(true);
  expect((await BOUNDED_IN_POOL[codec](packed(codec, TEXT))).equals(TEXT)).toBe(true);
});

test('a batch that would become too large is not unpacked', async () => {
  const zeros = Buffer.alloc(UNPACKED_MAX + 1);
  for (const codec of ['gzip', 'zstd', 'lz4'] as const) {
    const bomb = packed(codec, zeros);
    expect([codec, bomb.length < 4 * 1024 * 1024]).toEqual([codec, true]);
    expect(() => BOUNDED[codec](bomb)).toThrow(BatchTooLarge);
    await expect(BOUNDED_IN_POOL[codec](bomb)).rejects.toThrow(BatchTooLarge);
  }
}, 60_000);

test('a block of snappy is believed what it says of its size, before anything is made', () => {
  const bomb = Buffer.from([0xff, 0xff, 0xff, 0xff, 0x0f, 0]);
  expect(() => BOUNDED.snappy(bomb)).toThrow(BatchTooLarge);
  const framed = Buffer.concat([
    Buffer.from('82534e4150505900', 'hex'),
    Buffer.alloc(8),
    Buffer.from([0, 0, 0, 6]),
    bomb,
  ]);
  expect(() => BOUNDED.snappy(framed)).toThrow(BatchTooLarge);
});

test('what is no packed batch is no reason to take memory', () => {
  for (const codec of CODECS) expect(() => BOUNDED[codec](Buffer.from('not packed at all'))).toThrow();
});
