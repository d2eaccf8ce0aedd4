import { Duplex } from 'node:stream';
import zlib from 'node:zlib';
import type { compress } from '@bokuweb/zstd-wasm';
import type { Decompress } from 'fzstd';

/**
 * What the sources use and Node.js 20 does not have: Zstandard (in Node since 22.15), `Promise.withResolvers` and
 * `Map.groupBy` (since 22). This module puts them in place; on a newer Node it does nothing. `node:zlib` must be called
 * as `zlib.…`: a name that is imported from it stays without.
 */

type Unpacked = (error: Error | null, bytes: Buffer) => void;

/** Input bytes that are unpacked at a time: what comes out of them is in memory at once. */
const SLICE_BYTES = 4096;
const ZSTD_FASTEST_LEVEL = 1;

/** Resolves when all of it can be called: every program waits for that once, at its start. */
export const olderNodeReady: Promise<void> = 'zstdCompressSync' in zlib ? Promise.resolve() : addZstd();

if (!('withResolvers' in Promise)) {
  Object.assign(Promise, {
    withResolvers: () => {
      const parts: { resolve?: unknown; reject?: unknown } = {};
      const promise = new Promise((resolve, reject) => Object.assign(parts, { resolve, reject }));
      return { promise, ...parts };
    },
  });
}

if (!('groupBy' in Map)) Object.assign(Map, { groupBy });

export function groupBy<T, K>(items: Iterable<T>, keyOf: (item: T, index: number) => K): Map<K, T[]> {
  const groups = new Map<K, T[]>();
  let index = 0;
  for (const item of items) {
    const key = keyOf(item, index++);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [item]);
    else group.push(item);
  }
  return groups;
}

async function addZstd(): Promise<void> {
  const [wasm, fzstd] = await Promise.all([import('@bokuweb/zstd-wasm'), import('fzstd')]);
  await wasm.init();
  Object.assign(zlib, zstdBy(wasm, fzstd));
}

interface ZstdWasm {
  readonly compress: typeof compress;
}

interface Fzstd {
  readonly Decompress: typeof Decompress;
}

/** Zstandard with the signatures of `node:zlib`, as far as the sources use them: compressed at level 1, in this thread. */
export function zstdBy(wasm: ZstdWasm, fzstd: Fzstd) {
  const zstdCompressSync = (bytes: Buffer): Buffer => {
    const packed = wasm.compress(bytes, ZSTD_FASTEST_LEVEL);
    return Buffer.from(packed.buffer, packed.byteOffset, packed.byteLength);
  };
  const zstdDecompressSync = (bytes: Buffer, { maxOutputLength = Infinity } = {}): Buffer => {
    const pieces: Uint8Array[] = [];
    let length = 0;
    for (const piece of unpack(fzstd, [bytes])) {
      length += piece.length;
      if (length > maxOutputLength) throw tooLarge(maxOutputLength);
      pieces.push(piece);
    }
    return Buffer.concat(pieces, length);
  };
  return {
    zstdCompressSync,
    zstdDecompressSync,
    zstdCompress: (bytes: Buffer, _options: unknown, done: Unpacked): void =>
      answer(done, () => zstdCompressSync(bytes)),
    zstdDecompress: (bytes: Buffer, options: { readonly maxOutputLength?: number }, done: Unpacked): void =>
      answer(done, () => zstdDecompressSync(bytes, options)),
    createZstdDecompress: (): Duplex =>
      Duplex.from(async function* (source: AsyncIterable<Buffer>) {
        const chunks: Buffer[] = [];
        for await (const chunk of source) chunks.push(chunk);
        for (const piece of unpack(fzstd, chunks)) yield Buffer.from(piece);
      }),
  };
}

/** As Node.js throws it: by its code callers tell it from bytes that are damaged. */
function tooLarge(maxOutputLength: number): RangeError {
  const error = new RangeError(`more than ${maxOutputLength} bytes come out`);
  return Object.assign(error, { code: 'ERR_BUFFER_TOO_LARGE' });
}

/** Throws what fzstd throws at bytes that are no Zstandard, or end too early. */
function* unpack({ Decompress }: Fzstd, chunks: readonly Buffer[]): Generator<Uint8Array> {
  let ready: Uint8Array[] = [];
  const unpacking = new Decompress((piece) => ready.push(piece));
  for (const chunk of chunks) {
    for (let at = 0; at < chunk.length; at += SLICE_BYTES) {
      unpacking.push(chunk.subarray(at, at + SLICE_BYTES));
      yield* ready;
      ready = [];
    }
  }
  unpacking.push(new Uint8Array(0), true);
  yield* ready;
}

function answer(done: Unpacked, work: () => Buffer): void {
  let bytes: Buffer;
  try {
    bytes = work();
  } catch (error) {
    done(error instanceof Error ? error : new Error(String(error)), Buffer.alloc(0));
    return;
  }
  done(null, bytes);
}
