import { text } from 'node:stream/consumers';
import { promisify } from 'node:util';
import zlib from 'node:zlib';
import * as wasm from '@bokuweb/zstd-wasm';
import * as fzstd from 'fzstd';
import { beforeAll, describe, expect, test } from 'vitest';
import { groupBy, zstdBy } from '../src/older-node.ts';

const zstd = zstdBy(wasm, fzstd);
const rows = Buffer.from(Array.from({ length: 40_000 }, (_, id) => `{"id":${id},"v":"å"}`).join());

beforeAll(() => wasm.init());

describe('Zstandard without that of Node', () => {
  test('what it packs Node unpacks, and the other way round', () => {
    const packed = zstd.zstdCompressSync(rows);
    expect(packed.length).toBeLessThan(rows.length / 4);
    expect(zlib.zstdDecompressSync(packed).equals(rows)).toBe(true);
    expect(zstd.zstdDecompressSync(zlib.zstdCompressSync(rows)).equals(rows)).toBe(true);
    expect(zstd.zstdDecompressSync(zlib.zstdCompressSync(Buffer.alloc(0))).length).toBe(0);
  });

  test('it unpacks in pieces of a stream', async () => {
    const stream = zstd.createZstdDecompress();
    stream.end(zlib.zstdCompressSync(rows));
    expect(await text(stream)).toBe(rows.toString());
  });

  test('more than was announced, a cut and other bytes are errors', async () => {
    const packed = zlib.zstdCompressSync(rows);
    expect(() => zstd.zstdDecompressSync(packed, { maxOutputLength: rows.length - 1 })).toThrow(RangeError);
    expect(zstd.zstdDecompressSync(packed, { maxOutputLength: rows.length }).length).toBe(rows.length);
    expect(() => zstd.zstdDecompressSync(packed.subarray(0, packed.length - 50))).toThrow();
    expect(() => zstd.zstdDecompressSync(Buffer.from('no Zstandard at all'))).toThrow();
    const stream = zstd.createZstdDecompress();
    stream.end(packed.subarray(0, packed.length - 50));
    await expect(text(stream)).rejects.toThrow();
  });

  test('callbacks get the bytes or the error', async () => {
    const packed = await new Promise<Buffer>((done) =>
      zstd.zstdCompress(rows, {}, (_, bytes) => done(bytes)),
    );
    const unpack = promisify<Buffer, object, Buffer>(zstd.zstdDecompress);
    const back = await unpack(packed, {});
    expect(back.equals(rows)).toBe(true);
    await expect(unpack(Buffer.from('no'), {})).rejects.toBeInstanceOf(Error);
    const limit = { maxOutputLength: rows.length - 1 };
    await expect(unpack(packed, limit)).rejects.toMatchObject({ code: 'ERR_BUFFER_TOO_LARGE' });
    expect(() => zlib.zstdDecompressSync(packed, limit)).toThrow(
      expect.objectContaining({ code: 'ERR_BUFFER_TOO_LARGE' }),
    );
  });
});

test('groupBy gives what Map.groupBy gives', () => {
  const words = ['ant', 'bee', 'asp', 'cow', 'bat'];
  const keyOf = (word: string, index: number): string => `${word[0]}${index % 2}`;
  expect([...groupBy(words, keyOf)]).toEqual([...Map.groupBy(words, keyOf)]);
});
