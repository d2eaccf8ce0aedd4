import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';

/** A file that may not grow further takes the part of a write that fits, and says nothing of the rest, as a full disk does. */
const LIMITED = 'ulimit -f 1; exec "$0" --input-type=module --eval "$1"';
const source = join(import.meta.dirname, '../../src');

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sluice-full-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

test.each([
  [
    'a file of a command',
    (path: string) => `
      import { NewFiles } from '${source}/operator/new-files.ts';
      await NewFiles.during(async (files) => files.open('sql-file', '${path}')('x'.repeat(5000)));`,
    '--sql-file: ',
  ],
  [
    'a file of a backup',
    (path: string) => `
      import { BackupFolder } from '${source}/backup/backup-folder.ts';
      const folder = await BackupFolder.create('${path}');
      await folder.lines('a.ndjson', async (line) => line('x'.repeat(5000)));`,
    '--to: ',
  ],
])('%s that does not take all of it is an error', async (name, script, option) => {
  const path = join(folder, name.replaceAll(' ', '-'));
  const run = promisify(execFile)('sh', ['-c', LIMITED, process.execPath, script(path)]);
  await expect(run).rejects.toMatchObject({
    code: 1,
    stderr: expect.stringMatching(new RegExp(`${option}${path}.* cannot be written: EFBIG`, 'u')) as string,
  });
});
