import { spawn, type ChildProcess } from 'node:child_process';
import { signalGroup } from '@sluice/processes/groups';

/** How long a stopped child may take to tidy up before its whole process group is killed. */
const graceMs = 15_000;

const running = new Set<ChildProcess>();

export interface ChildEnd {
  readonly code: number | null;
  readonly timedOut: boolean;
}

/**
 * Runs a program in a process group of its own, so that stopping it stops whatever it started.
 * Its output goes to the terminal. `timeoutMs` bounds it.
 */
export async function runChild(
  command: readonly [string, ...string[]],
  options: { cwd: string; env: NodeJS.ProcessEnv; timeoutMs: number },
): Promise<ChildEnd> {
  const [program, ...args] = command;
  const child = spawn(program, args, {
    cwd: options.cwd,
    env: options.env,
    stdio: ['ignore', 'inherit', 'inherit'],
    detached: true,
  });
  running.add(child);
  let timedOut = false;
  const timer = setTimeout(() => {
    timedOut = true;
    stopChild(child);
  }, options.timeoutMs);
  try {
    return await new Promise<ChildEnd>((resolve, reject) => {
      child.once('error', reject);
      child.once('exit', (code) => resolve({ code, timedOut }));
    });
  } finally {
    clearTimeout(timer);
    running.delete(child);
    signalAll(child, 'SIGKILL');
  }
}

/** Asks every running child to stop; those that do not are killed after the grace time. */
export function stopChildren(): void {
  for (const child of running) stopChild(child);
}

function stopChild(child: ChildProcess): void {
  signalAll(child, 'SIGTERM');
  setTimeout(() => signalAll(child, 'SIGKILL'), graceMs).unref();
}

function signalAll(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid !== undefined) signalGroup(child.pid, signal);
}
