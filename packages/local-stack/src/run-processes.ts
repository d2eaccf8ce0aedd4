import { readdirSync, readFileSync } from 'node:fs';
import { signalIfThere } from '@sluice/processes/groups';

/** In the environment of every server, and so of its helpers: the folder of the run it belongs to. */
export const RUN_VARIABLE = 'SLUICE_STACK_RUN';

/** Kills every process that carries the run's mark, whoever its parent is now. */
export function killProcessesOf(runFolder: string): void {
  const mark = `${RUN_VARIABLE}=${runFolder}`;
  for (const name of readdirSync('/proc')) {
    if (/^\d+$/.test(name) && environmentOf(name).includes(mark)) signalIfThere(Number(name), 'SIGKILL');
  }
}

/** proc(5): entries end with NUL. Empty for a process that is gone or belongs to another user. */
function environmentOf(pid: string): string[] {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0');
  } catch {
    return [];
  }
}
