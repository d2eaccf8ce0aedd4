import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { cachedFolder, type InstallerContext } from '../../src/install/program-cache.ts';

const SOON = { timeout: 10_000 };
let context: InstallerContext;
let lines: string[];

beforeEach(async () => {
  lines = [];
  context = {
    cache: await mkdtemp(join(tmpdir(), 'sluice-cache-')),
    env: {},
    signal: new AbortController().signal,
    progress: (line) => lines.push(line),
  };
});
afterEach(() => rm(context.cache, { recursive: true }));

test('is built once, however many ask for it at the same time', async () => {
  let builds = 0;
  const build = async (folder: string): Promise<void> => {
    builds += 1;
    await expect.poll(() => lines, SOON).toHaveLength(2);
    await writeFile(join(folder, 'file'), 'complete');
  };
  const folders = await Promise.all([1, 2, 3].map(() => cachedFolder('thing', context, build)));
  expect(builds).toBe(1);
  expect(new Set(folders)).toEqual(new Set([join(context.cache, 'thing')]));
  expect(await readFile(join(context.cache, 'thing/file'), 'utf8')).toBe('complete');
  expect(new Set(lines)).toEqual(new Set(['thing: another process is preparing it, waiting']));
});

test('leaves nothing behind when its build fails, and can be built again', async () => {
  const broken = async (folder: string): Promise<void> => {
    await writeFile(join(folder, 'half'), '');
    throw new Error('cut off');
  };
  await expect(cachedFolder('thing', context, broken)).rejects.toThrow('cut off');
  expect(await readdir(context.cache)).toEqual([]);
  await cachedFolder('thing', context, async () => undefined);
  expect(await readdir(context.cache)).toEqual(['thing']);
});

test('starts from an empty folder after a build that was killed', async () => {
  await mkdir(join(context.cache, '.building-thing/folder'), { recursive: true });
  await writeFile(join(context.cache, '.building-thing/folder/half'), '');
  const folder = await cachedFolder('thing', context, async () => undefined);
  expect(await readdir(folder)).toEqual([]);
});

test('stops waiting for another process when it is aborted', async () => {
  let building = false;
  void cachedFolder('thing', context, () => {
    building = true;
    return new Promise(() => undefined);
  });
  await expect.poll(() => building, SOON).toBe(true);
  const abort = new AbortController();
  const waiting = cachedFolder('thing', { ...context, signal: abort.signal }, async () => undefined);
  await expect.poll(() => lines.length, SOON).toBe(1);
  abort.abort(new Error('no patience'));
  await expect(waiting).rejects.toThrow('aborted');
});
