import { VERSION } from '@sluice/runtime';
import { CommandFailed } from './command-failed.ts';

const PACKAGE = '@sluice/capture';

/**
 * A module of capture's package, which stands beside the command only where capture runs or is planned. Throws CommandFailed when
 * it is not installed.
 */
export async function importCapture<T>(load: () => Promise<T>): Promise<T> {
  try {
    return await load();
  } catch (error) {
    if (!isMissing(error)) throw error;
    throw new CommandFailed(
      `this command needs the package ${PACKAGE} ${VERSION}: install it beside sluice`,
      {
        cause: error,
      },
    );
  }
}

function isMissing(error: unknown): boolean {
  return (
    error instanceof Error &&
    (error as NodeJS.ErrnoException).code === 'ERR_MODULE_NOT_FOUND' &&
    error.message.includes(`'${PACKAGE}'`)
  );
}
