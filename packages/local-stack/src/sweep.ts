import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { tryKernelLock } from './kernel-lock.ts';
import { killProcessesOf } from './run-processes.ts';

/** Ends and removes runs whose supervisor is dead (it was killed together with the process that used it). */
export async function sweepDeadRuns(runs: string): Promise<void> {
  for (const name of await readdir(runs).catch(() => [])) {
    const folder = join(runs, name);
    const lock = await tryKernelLock(folder);
    if (lock === null) continue;
    killProcessesOf(folder);
    await rm(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 });
    await lock.release();
  }
}
