import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { NewFiles, replaceFile } from '../../src/operator/new-files.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sluice-files-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

test('a file has its name when the work is done', async () => {
  const path = join(folder, 'whole');
  await NewFiles.during(async (files) => {
    files.open('sql-file', path)('all of it');
    expect([existsSync(path), existsSync(`${path}.part`)]).toEqual([false, true]);
    return Promise.resolve();
  });
  expect(await readFile(path, 'utf8')).toBe('all of it');
  expect(existsSync(`${path}.part`)).toBe(false);
});

test('work that fails leaves none of its files', async () => {
  const paths = ['one', 'other'].map((name) => join(folder, name));
  const failed = NewFiles.during((files) => {
    for (const path of paths) files.open('sql-file', path)('half');
    return Promise.reject(new Error('the server is gone'));
  });
  await expect(failed).rejects.toThrow('the server is gone');
  expect(paths.flatMap((path) => [path, `${path}.part`]).filter((path) => existsSync(path))).toEqual([]);
});

test('no file is written over, whenever it came', async () => {
  const path = join(folder, 'taken');
  await writeFile(path, 'mine');
  const open = (): Promise<void> => NewFiles.during(async (files) => files.open('sql-file', path)('theirs'));
  await expect(open()).rejects.toThrow(`--sql-file: ${path} is there already: name a new file`);
  await rm(path);
  const late = NewFiles.during(async (files) => {
    files.open('sql-file', path)('theirs');
    await writeFile(path, 'mine');
  });
  await expect(late).rejects.toThrow('name a new file');
  expect(await readFile(path, 'utf8')).toBe('mine');
  await rm(path);
  await writeFile(`${path}.part`, 'half');
  await expect(open()).rejects.toThrow(`${path}.part is there already: remove what`);
});

test('a report in the place of one that others could read is for its owner alone', async () => {
  const path = join(folder, 'report');
  await writeFile(path, 'the one of yesterday, which was longer', { mode: 0o644 });
  await replaceFile(path, 'rows');
  expect([await readFile(path, 'utf8'), (await stat(path)).mode & 0o777]).toEqual(['rows', 0o600]);
});
