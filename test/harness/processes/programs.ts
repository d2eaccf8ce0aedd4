import { join } from 'node:path';

const REPOSITORY = join(import.meta.dirname, '..', '..', '..');

/**
 * The file that runs a service, or `sluice`: as `test/runner/built-programs.ts` has built it for this run, else its source.
 * @param repository a folder with the sources of another commit, installed: those are not built
 */
export function programFile(name: string, repository = REPOSITORY): string {
  const built = process.env['SLUICE_TEST_PROGRAMS'];
  if (built && repository === REPOSITORY)
    return join(built, name === 'sluice' ? 'sluice.mjs' : `${name}-main.mjs`);
  const source = name === 'sluice' ? 'packages/cli/src/sluice.ts' : `services/${name}/src/main.ts`;
  return join(repository, source);
}

/** The environment to start it in: what Node has compiled of the built files is kept beside them, and goes with them. */
export function programEnv(): NodeJS.ProcessEnv {
  const built = process.env['SLUICE_TEST_PROGRAMS'];
  if (!built) return process.env;
  return { ...process.env, NODE_COMPILE_CACHE: join(built, '..', 'compiled') };
}
