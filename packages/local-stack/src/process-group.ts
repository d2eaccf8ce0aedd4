import { readFileSync } from 'node:fs';

/** In each run folder: the servers' process ids with their start times, as JSON. */
export const PROCESSES_FILE = 'processes.json';

export interface RecordedProcess {
  readonly pid: number;
  readonly startTime: string;
}

/** Signals the group whose leader is `pid`; a group that is gone already is fine. */
export function signalGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/**
 * Field 22 of /proc/PID/stat (proc(5)), in clock ticks since boot; '' when there is no such process. With it
 * a process id that the kernel has given to somebody else meanwhile is not mistaken for ours.
 */
export function startTime(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
  } catch {
    return '';
  }
}

export function isSameProcess(recorded: RecordedProcess): boolean {
  return recorded.startTime !== '' && startTime(recorded.pid) === recorded.startTime;
}
