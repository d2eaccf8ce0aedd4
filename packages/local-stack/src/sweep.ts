import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { tryKernelLock } from './kernel-lock.ts';
import { isSameProcess, PROCESSES_FILE, type RecordedProcess, signalGroup } from './process-group.ts';

/** Ends and removes runs whose supervisor is dead (it was killed together with the process that used it). */
export async function sweepDeadRuns(runs: string): Promise<void> {
  for (const name of await readdir(runs).catch(() => [])) {
    const folder = join(runs, name);
    const lock = await tryKernelLock(folder);
    if (lock === null) continue;
    for (const recorded of await recordedProcesses(folder)) {
      if (isSameProcess(recorded)) signalGroup(recorded.pid, 'SIGKILL');
    }
    await rm(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 });
    await lock.release();
  }
}

async function recordedProcesses(folder: string): Promise<RecordedProcess[]> {
  try {
    return JSON.parse(await readFile(join(folder, PROCESSES_FILE), 'utf8')) as RecordedProcess[];
  } catch {
    return []; // the run ended before its first server was started
  }
}
