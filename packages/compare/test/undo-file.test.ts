import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { UndoFile, undoLines, type UndoHead, type UndoLine } from '../src/repair/undo-file.ts';

const HEAD: UndoHead = {
  undo: 'repair',
  version: 1,
  sluice: '0.1.0',
  pipeline: 'shop',
  startedAt: '2026-11-29T08:00:00.000Z',
};
const line = (id: number, kept: string | null): UndoLine => ({
  sink: 'redis',
  database: 'shop',
  table: 'orders',
  topic: 'shop.shop.orders',
  partition: 0,
  key: `{"id":${id}}`,
  rowKey: `{"id":${id}}`,
  sequence: '0010000020053760849',
  kept,
});
let folder = '';

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sluice-undo-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function read(file: string): Promise<UndoLine[]> {
  const lines: UndoLine[] = [];
  for await (const each of undoLines(file, () => undefined)) lines.push(each);
  return lines;
}

test('what was kept is read back, is its owner’s alone, and is never written over', async () => {
  const file = join(folder, 'whole');
  const undo = await UndoFile.create(file, HEAD);
  await undo.append([line(1, '{"a": 1}'), line(2, null)]);
  await undo.append([]);
  await undo.close();
  expect(await read(file)).toEqual([line(1, '{"a": 1}'), line(2, null)]);
  expect((await stat(file)).mode & 0o777).toBe(0o600);
  await expect(UndoFile.create(file, HEAD)).rejects.toMatchObject({ code: 'EEXIST' });
});

test('rows whose texts hold line ends of other standards come back', async () => {
  const file = join(folder, 'line-ends');
  const undo = await UndoFile.create(file, HEAD);
  const texts = ['plain', 'pasted\u2028here', 'and\u2029there', 'next\u0085line', 'plain again'];
  const lines = texts.map((note, id) => line(id, JSON.stringify({ id, note })));
  await undo.append(lines);
  await undo.close();
  expect(await read(file)).toEqual(lines);
});

test('a last line without its end is read', async () => {
  const file = join(folder, 'edited');
  await writeFile(file, `${JSON.stringify(HEAD)}\n${JSON.stringify(line(1, null))}`);
  expect(await read(file)).toEqual([line(1, null)]);
});

test('the last line may be torn: its row was not written yet', async () => {
  const file = join(folder, 'torn');
  const undo = await UndoFile.create(file, HEAD);
  await undo.append([line(1, 'x'), line(2, 'y')]);
  await undo.close();
  const text = await readFile(file, 'utf8');
  await writeFile(file, text.slice(0, -20));
  expect(await read(file)).toEqual([line(1, 'x')]);
});

test.each([
  ['an empty one', '', 'it is empty'],
  ['something else', '{"report":"compare"}\n', 'it is no undo file of version 1'],
  ['another version', `${JSON.stringify({ ...HEAD, version: 2 })}\n`, 'it is no undo file of version 1'],
  [
    'a damaged one',
    `${JSON.stringify(HEAD)}\n{"sink"\n${JSON.stringify(line(1, null))}\n`,
    'a line in its middle cannot be read',
  ],
])('%s is refused', async (name, text, message) => {
  const file = join(folder, name);
  await writeFile(file, text);
  await expect(read(file)).rejects.toThrow(message);
});

test('the file of another pipeline is refused before its first row', async () => {
  const file = join(folder, 'foreign');
  await writeFile(file, `${JSON.stringify(HEAD)}\n${JSON.stringify(line(1, null))}\n`);
  const refuse = ({ pipeline }: UndoHead): void => {
    throw new RangeError(`of ${pipeline}`);
  };
  await expect(undoLines(file, refuse).next()).rejects.toThrow('of shop');
});
