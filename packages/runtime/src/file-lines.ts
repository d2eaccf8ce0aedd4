import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';

const LINE_END = 0x0a;

/**
 * Lines of a file without their ends, one by one: a whole file may be longer than a string can be. Only LF ends one: what JSON writes as it
 * is, U+2028 among it, ends a line for Node's readline. What has no end is left out, or comes last if it is not empty.
 */
export async function* fileLines(
  path: string,
  which: 'with an end' | 'with what has no end' = 'with an end',
): AsyncGenerator<string> {
  let begun: Buffer[] = [];
  for await (const chunk of chunksOf(path)) {
    let from = 0;
    for (let end = chunk.indexOf(LINE_END); end >= 0; end = chunk.indexOf(LINE_END, from)) {
      yield Buffer.concat([...begun, chunk.subarray(from, end)]).toString('utf8');
      begun = [];
      from = end + 1;
    }
    begun.push(chunk.subarray(from));
  }
  const rest = Buffer.concat(begun).toString('utf8');
  if (which === 'with what has no end' && rest !== '') yield rest;
}

/** How long a file is (bytes), and its SHA-256 in hex. */
export async function fileSum(path: string): Promise<{ readonly bytes: number; readonly sha256: string }> {
  const hash = createHash('sha256');
  let bytes = 0;
  for await (const chunk of chunksOf(path)) {
    hash.update(chunk);
    bytes += chunk.length;
  }
  return { bytes, sha256: hash.digest('hex') };
}

function chunksOf(path: string): AsyncIterable<Buffer> {
  return createReadStream(path) as AsyncIterable<Buffer>;
}
