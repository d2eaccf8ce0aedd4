import { isInstalled } from './run-program.ts';

/** Of setpriv(1): the kernel kills the process when its parent dies, even by SIGKILL (PR_SET_PDEATHSIG). */
export const DEATH_SIGNAL = ['--pdeathsig', 'KILL'] as const;

/**
 * The command so that it does not outlive the process that starts it. Where there is no setpriv it is left
 * as it is: the sweep of the next start then ends what was left.
 */
export function dyingWithParent(
  command: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
): { command: string; args: string[] } {
  if (!isInstalled('setpriv', env)) return { command, args: [...args] };
  return { command: 'setpriv', args: [...DEATH_SIGNAL, '--', command, ...args] };
}
