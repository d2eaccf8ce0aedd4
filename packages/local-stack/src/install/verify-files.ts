import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { PipelineError } from '@sluice/runtime';

/**
 * Throws STACK_DOWNLOAD_FAILED for the first file in `folder` with this ending whose SHA-256 is not the one in the list, or that the list
 * does not have; what came over the network is not run then.
 */
export async function verifyFiles(
  folder: string,
  ending: string,
  checksums: Readonly<Record<string, string>>,
): Promise<void> {
  const names = (await readdir(folder)).filter((name) => name.endsWith(ending)).sort();
  if (names.length === 0) throw failure(`no ${ending} file came`);
  for (const name of names) {
    const expected = Object.hasOwn(checksums, name) ? checksums[name] : undefined;
    if (expected === undefined) throw failure(`${name} is not among the checksums of the repository`);
    const found = await sha256(join(folder, name));
    if (found !== expected) throw failure(`${name} has SHA-256 ${found}, not ${expected}`);
  }
}

async function sha256(file: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file), hash);
  return hash.digest('hex');
}

function failure(what: string): PipelineError {
  return new PipelineError(
    'STACK_DOWNLOAD_FAILED',
    `${what}: nothing of it is used (packages/local-stack/src/install/checksums.ts)`,
  );
}
