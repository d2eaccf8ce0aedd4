import { spawn, type ChildProcess } from 'node:child_process';
import { SERVICE_NODE_OPTIONS } from '@sluice/runtime';

export interface ServiceStart {
  /** The module that Node runs, and its arguments. */
  readonly main: string;
  readonly args?: readonly string[];
  /** Options of Node itself, beside those of every service. */
  readonly nodeArgs?: readonly string[];
  /** The whole environment. */
  readonly env: NodeJS.ProcessEnv;
  /** What it gets when this process is gone: SIGTERM where it has something to drain. */
  readonly whenParentEnds: 'SIGTERM' | 'SIGKILL';
  /** `pipe`: to this process; else a file descriptor for both of its outputs. */
  readonly output: 'pipe' | number;
  /** A process group of its own: Ctrl-C in the terminal does not reach it. */
  readonly ownGroup?: boolean;
}

const PARENT_WATCH = new URL('./end-with-parent.mjs', import.meta.url).href;

/** Starts a service that ends with this process, however this one ends. */
export function startService(start: ServiceStart): ChildProcess {
  const { main, args = [], nodeArgs = [], env, whenParentEnds, output, ownGroup = false } = start;
  const watch = ['--import', `${PARENT_WATCH}?${whenParentEnds}`];
  const child = spawn(process.execPath, [...SERVICE_NODE_OPTIONS, ...nodeArgs, ...watch, main, ...args], {
    env,
    stdio: ['pipe', output, output],
    detached: ownGroup,
  });
  // The pipe only says that we live; that it breaks is seen by the end of the process.
  child.stdin?.on('error', () => undefined);
  return child;
}
