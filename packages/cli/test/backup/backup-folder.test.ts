import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { BackupFolder } from '../../src/backup/backup-folder.ts';
import { MANIFEST } from '../../src/backup/backup-manifest.ts';

let parent: string;
beforeEach(async () => {
  parent = await mkdtemp(join(tmpdir(), 'sluice-backup-'));
});
afterEach(() => rm(parent, { recursive: true, force: true }));

test('files are counted and summed as they are written, and only their owner may read them', async () => {
  const path = join(parent, 'new', 'one');
  const folder = await BackupFolder.create(path);
  const count = await folder.lines('a.ndjson', async (line) => ['{"a":1}', '"é"'].forEach(line));
  expect(count).toBe(2);
  const text = await readFile(join(path, 'a.ndjson'));
  expect(text.toString()).toBe('{"a":1}\n"é"\n');
  const sha256 = createHash('sha256').update(text).digest('hex');
  expect(folder.files).toEqual({ 'a.ndjson': { bytes: text.length, sha256 } });
  expect((await stat(join(path, 'a.ndjson'))).mode & 0o777).toBe(0o600);
  expect((await stat(path)).mode & 0o777).toBe(0o700);
  expect(await readdir(path)).toEqual(['a.ndjson']);
  await folder.finish('{}');
  expect((await readdir(path)).sort()).toEqual(['a.ndjson', MANIFEST]);
});

test('a power cut leaves no manifest without the files that it names', async () => {
  const path = join(parent, 'one');
  const kept: (readonly [string, readonly string[]])[] = [];
  const folder = await BackupFolder.create(path, async (name) => {
    kept.push([relative(parent, name), (await readdir(path)).sort()]);
  });
  await folder.lines('a.ndjson', async (line) => line('{}'));
  await folder.finish('{}');
  expect(kept).toEqual([
    ['one/a.ndjson', ['a.ndjson']],
    [`one/${MANIFEST}.part`, ['a.ndjson', `${MANIFEST}.part`]],
    ['one', ['a.ndjson', `${MANIFEST}.part`]],
    ['one', ['a.ndjson', MANIFEST]],
    ['', ['a.ndjson', MANIFEST]],
  ]);
  const full = await BackupFolder.create(join(parent, 'two'), () => Promise.reject(new Error('ENOSPC')));
  await expect(full.document('a.json', {})).rejects.toThrow(
    `--to: ${join(parent, 'two', 'a.json')} cannot be written: ENOSPC`,
  );
});

test('a folder with something in it is not written to', async () => {
  const path = join(parent, 'used');
  await (await BackupFolder.create(path)).document('a.json', {});
  await expect(BackupFolder.create(path)).rejects.toThrow(`--to: ${path} is not empty: name a new folder`);
  await expect(BackupFolder.create(join(path, 'a.json'))).rejects.toThrow('cannot be made');
});

test('an address of another store is refused, and makes no folder of that name here', async () => {
  const before = process.cwd();
  process.chdir(parent);
  try {
    await expect(BackupFolder.create('s3://backups/shop')).rejects.toThrow(
      '--to: s3://backups/shop is no folder: name one, and copy it there',
    );
  } finally {
    process.chdir(before);
  }
  expect(await readdir(parent)).toEqual([]);
});
