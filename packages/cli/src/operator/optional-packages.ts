import { VERSION } from '@sluice/runtime';
import { CommandFailed } from './command-failed.ts';

/**
 * A module of capture's package, which stands beside the command only where capture runs or is planned. Throws CommandFailed when
 * it is not installed.
 */
export function importCapture<T>(load: () => Promise<T>): Promise<T> {
  return importOf('@sluice/capture', load);
}

/** The comparison of stores, with their drivers, which only `sluice compare` needs. Throws CommandFailed when it is not installed. */
export function importCompare<T>(load: () => Promise<T>): Promise<T> {
  return importOf('@sluice/compare', load);
}

/** The sample shop and its workload, for `sluice load`. Throws CommandFailed when it is not installed. */
export function importShop<T>(load: () => Promise<T>): Promise<T> {
  return importOf('@sluice/sample-shop', load);
}

async function importOf<T>(name: string, load: () => Promise<T>): Promise<T> {
  try {
    return await load();
  } catch (error) {
    if (!isMissing(error, name)) throw error;
    throw new CommandFailed(`this command needs the package ${name} ${VERSION}: install it beside sluice`, {
      cause: error,
    });
  }
}

function isMissing(error: unknown, name: string): boolean {
  return (
    error instanceof Error &&
    (error as NodeJS.ErrnoException).code === 'ERR_MODULE_NOT_FOUND' &&
    error.message.includes(`'${name}'`)
  );
}
