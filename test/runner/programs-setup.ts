import { buildPrograms } from './built-programs.ts';

/** For suites that start services. */
export async function setup(): Promise<() => void> {
  const { env, remove } = await buildPrograms();
  Object.assign(process.env, env);
  return remove;
}
