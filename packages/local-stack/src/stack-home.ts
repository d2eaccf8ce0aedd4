import { join, resolve } from 'node:path';

const REPOSITORY = resolve(import.meta.dirname, '../../..');

export interface StackHome {
  /** Unpacked programs and initialised data templates; kept between runs. */
  readonly cache: string;
  /** One folder per running stack; removed when it stops. */
  readonly runs: string;
}

/** `SLUICE_STACK_HOME`, or the git-ignored `.local-stack` of the repository. */
export function stackHome(env: NodeJS.ProcessEnv): StackHome {
  const home = resolve(env['SLUICE_STACK_HOME'] || join(REPOSITORY, '.local-stack'));
  return { cache: join(home, 'cache'), runs: join(home, 'runs') };
}
