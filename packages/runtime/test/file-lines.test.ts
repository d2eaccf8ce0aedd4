import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { fileLines, fileSum } from '../src/file-lines.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sluice-lines-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

test('lines come whole, however the file is cut into chunks', async () => {
  const path = join(folder, 'long');
  // Longer than a chunk of 64 KiB, and characters of several bytes on its borders.
  const lines = ['', 'é'.repeat(100_000), 'a\r', '\u2028', '日本'.repeat(50_000), 'end'];
  const text = `${lines.join('\n')}\ntorn`;
  await writeFile(path, text);
  const found: string[] = [];
  for await (const line of fileLines(path)) found.push(line);
  expect(found).toEqual(lines);
  const all: string[] = [];
  for await (const line of fileLines(path, 'with what has no end')) all.push(line);
  expect(all).toEqual([...lines, 'torn']);
  const sha256 = createHash('sha256').update(text).digest('hex');
  expect(await fileSum(path)).toEqual({ bytes: Buffer.byteLength(text), sha256 });
});
