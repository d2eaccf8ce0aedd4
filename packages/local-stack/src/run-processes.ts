import { readdirSync, readFileSync } from 'node:fs';

/** In the environment of every server, and so of its helpers: the folder of the run it belongs to. */
export const RUN_VARIABLE = 'SLUICE_STACK_RUN';

/** Signals the process group whose leader is `pid`; a group that is gone already is fine. */
export function signalGroup(pid: number, signal: NodeJS.Signals): void {
  signalIfThere(-pid, signal);
}

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

function signalIfThere(target: number, signal: NodeJS.Signals): void {
  try {
    process.kill(target, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
