/*
 * Kafka's 32-bit murmur2 (seed 0x9747b28c), as the Java client's default partitioner hashes keys, so that a
 * reader or writer in any language finds the same partition for the same key.
 */
const SEED = 0x9747b28c;
const M = 0x5bd1e995;
const R = 24;

/** Hash of `bytes[start, end)` as a signed 32-bit integer. */
export function murmur2(bytes: Buffer, start = 0, end = bytes.length): number {
  const length = end - start;
  let hash = SEED ^ length;
  let at = start;
  for (const lastWord = end - 4; at <= lastWord; at += 4) {
    let word =
      (bytes[at] ?? 0) |
      ((bytes[at + 1] ?? 0) << 8) |
      ((bytes[at + 2] ?? 0) << 16) |
      ((bytes[at + 3] ?? 0) << 24);
    word = Math.imul(word, M);
    word ^= word >>> R;
    hash = Math.imul(hash, M) ^ Math.imul(word, M);
  }
  const left = end - at;
  if (left === 3) hash ^= (bytes[at + 2] ?? 0) << 16;
  if (left >= 2) hash ^= (bytes[at + 1] ?? 0) << 8;
  if (left >= 1) hash = Math.imul(hash ^ (bytes[at] ?? 0), M);
  hash ^= hash >>> 13;
  hash = Math.imul(hash, M);
  return (hash ^ (hash >>> 15)) | 0;
}

/** The partition of a key: the hash without its sign bit, modulo the number of partitions. */
export function partitionFor(bytes: Buffer, start: number, end: number, partitions: number): number {
  return (murmur2(bytes, start, end) & 0x7fffffff) % partitions;
}
