import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Scope } from '../scope.ts';

/** An empty folder, which is gone at the end of the scope. */
export async function newFolder(scope: Scope): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-e2e-'));
  scope.defer(() => rm(folder, { recursive: true, force: true }));
  return folder;
}
