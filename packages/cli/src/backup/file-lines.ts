import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';

const LINE_END = 0x0a;

/** Lines of a file without their ends, one by one: a whole file may be longer than a string can be. What has no end is left out. */
export async function* fileLines(path: string): AsyncGenerator<string> {
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
