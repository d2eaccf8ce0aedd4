import { closeSync, openSync, writeFileSync } from 'node:fs';
import { CommandFailed } from './command-failed.ts';

/** Only who runs the command may read what it writes of rows. */
export const OWN_FILE = 0o600;

/** Files that a command makes, closed at its end. */
export class NewFiles {
  readonly #open: number[] = [];

  /** Throws CommandFailed when the file is there already, or cannot be written; what it gives throws it too. */
  open(option: string, path: string): (text: string) => void {
    try {
      const file = openSync(path, 'wx', OWN_FILE);
      this.#open.push(file);
      return (text) => appendWhole(file, text, option, path);
    } catch (error) {
      return throwUnwritable(error, option, path);
    }
  }

  close(): void {
    for (const file of this.#open) closeSync(file);
  }
}

/** Unlike writeSync it goes on until all is written: a disk that gets full takes a part. Throws CommandFailed. */
export function appendWhole(file: number, data: string | Buffer, option: string, path: string): void {
  try {
    writeFileSync(file, data);
  } catch (error) {
    const why = (error as Error).message;
    throw new CommandFailed(`--${option}: ${path} cannot be written: ${why}`, { cause: error });
  }
}

/** Throws CommandFailed for a new file that could not be made. */
export function throwUnwritable(error: unknown, option: string, path: string): never {
  const isThere = (error as NodeJS.ErrnoException).code === 'EEXIST';
  const why = isThere ? 'is there already: name a new file' : 'cannot be written';
  throw new CommandFailed(`--${option}: ${path} ${why}`, { cause: error });
}
