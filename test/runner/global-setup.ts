import { startSharedStack } from './shared-stack.ts';

/** For `vitest --project conformance` without the runner: the same servers, started once for all files. */
export async function setup(): Promise<() => Promise<void>> {
  const stack = await startSharedStack(new AbortController().signal, (line) => {
    process.stderr.write(`${line}\n`);
  });
  Object.assign(process.env, stack.env);
  return () => stack.close();
}
