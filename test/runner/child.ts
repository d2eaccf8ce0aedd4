import { spawn, type ChildProcess } from 'node:child_process';
import { signalGroup } from '@sluice/processes/groups';

/** How long a stopped child may take to tidy up before its whole process group is killed. */
const graceMs = 15_000;

const running = new Set<ChildProcess>();

export interface ChildEnd {
  readonly code: number | null;
  readonly timedOut: boolean;
}

export interface ChildOptions {
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
  readonly timeoutMs: number;
  /** Where its output goes: to the terminal, or there in one piece when it has ended, for what runs beside another. Default: `shown`. */
  readonly output?: ChildOutput;
}

export type ChildOutput = 'shown' | 'kept';

/**
 * Runs a program in a process group of its own, so that stopping it stops whatever it started. `timeoutMs` bounds it.
 */
export async function runChild(
  command: readonly [string, ...string[]],
  options: ChildOptions,
): Promise<ChildEnd> {
  const [program, ...args] = command;
  const to = options.output === 'kept' ? 'pipe' : 'inherit';
  const child = spawn(program, args, {
    cwd: options.cwd,
    env: options.env,
    stdio: ['ignore', to, to],
    detached: true,
  });
  running.add(child);
  const kept: Buffer[] = [];
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (data: Buffer) => kept.push(data));
  let timedOut = false;
  const timer = setTimeout(() => {
    timedOut = true;
    stopChild(child);
  }, options.timeoutMs);
  try {
    return await new Promise<ChildEnd>((resolve, reject) => {
      child.once('error', reject);
      // Whatever it leaves behind would hold its output open.
      child.once('exit', () => signalAll(child, 'SIGKILL'));
      child.once('close', (code) => resolve({ code, timedOut }));
    });
  } finally {
    clearTimeout(timer);
    running.delete(child);
    process.stdout.write(Buffer.concat(kept));
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
