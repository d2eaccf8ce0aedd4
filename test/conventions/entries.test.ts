import { execFile } from 'node:child_process';
import { globSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const ROOT = join(import.meta.dirname, '../..');

/** The test runner takes a name from a CommonJS package that Node does not find there (`kafkajs`), and so hides it. */
test('Node itself finds every name that the packages import', async () => {
  const entries = globSync('packages/*/src/index.ts', { cwd: ROOT });
  expect(entries.length).toBeGreaterThan(10);
  const urls = entries.map((entry) => pathToFileURL(join(ROOT, entry)).href);
  const script = `for (const url of ${JSON.stringify(urls)}) await import(url);`;
  const run = promisify(execFile)(process.execPath, ['--input-type=module', '--eval', script], { cwd: ROOT });
  await expect(run).resolves.toMatchObject({ stderr: '' });
}, 30_000);
