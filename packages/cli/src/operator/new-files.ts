import { closeSync, existsSync, fsyncSync, openSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { CommandFailed } from './command-failed.ts';

/** Only who runs the command may read what it writes of rows. */
export const OWN_FILE = 0o600;

/** Until it is whole. */
const PART = '.part';

interface NewFile {
  readonly option: string;
  readonly path: string;
  readonly file: number;
}

/** Files that a command makes. Each has `.part` behind its name until the command has written all of them. */
export class NewFiles {
  readonly #made: NewFile[] = [];

  /** Gives the files their names when the work is done; where it fails they are removed. Throws as the work, and CommandFailed. */
  static async during<T>(work: (files: NewFiles) => Promise<T>): Promise<T> {
    const files = new NewFiles();
    try {
      const done = await work(files);
      files.#finish();
      return done;
    } finally {
      files.#discard();
    }
  }

  /** Throws CommandFailed when the file is there already, or cannot be written; what it gives throws it too. */
  open(option: string, path: string): (text: string) => void {
    if (existsSync(path)) throw alreadyThere(option, path);
    try {
      const file = openSync(`${path}${PART}`, 'wx', OWN_FILE);
      this.#made.push({ option, path, file });
      return (text) => appendWhole(file, text, option, path);
    } catch (error) {
      return throwUnwritable(error, option, `${path}${PART}`);
    }
  }

  /** A name says that all of it is on the disk. */
  #finish(): void {
    for (const { file, option, path } of this.#made) tried(option, path, () => fsyncSync(file));
    for (let next = this.#made.at(0); next !== undefined; next = this.#made.at(0)) {
      const { file, option, path } = next;
      if (existsSync(path)) throw alreadyThere(option, path);
      tried(option, path, () => renameSync(`${path}${PART}`, path));
      this.#made.shift();
      closeSync(file);
    }
  }

  #discard(): void {
    for (const { file, path } of this.#made) {
      closeSync(file);
      rmSync(`${path}${PART}`, { force: true });
    }
  }
}

/**
 * Writes a file in the place of one that may be there: a report of each day has one name. Whoever could read the one before cannot read
 * this. Throws what the system throws.
 */
export async function replaceFile(path: string, text: string): Promise<void> {
  const file = await open(path, 'w', OWN_FILE);
  try {
    if ((await file.stat()).isFile()) await file.chmod(OWN_FILE);
    await file.writeFile(text);
  } finally {
    await file.close();
  }
}

/** Unlike writeSync it continues until all is written: a disk that gets full takes a part. Throws CommandFailed. */
export function appendWhole(file: number, data: string | Buffer, option: string, path: string): void {
  tried(option, path, () => writeFileSync(file, data));
}

function tried(option: string, path: string, work: () => void): void {
  try {
    work();
  } catch (error) {
    const why = (error as Error).message;
    throw new CommandFailed(`--${option}: ${path} cannot be written: ${why}`, { cause: error });
  }
}

function alreadyThere(option: string, path: string): CommandFailed {
  return new CommandFailed(`--${option}: ${path} is there already: name a new file`);
}

/** Throws CommandFailed for a new file that could not be made. */
export function throwUnwritable(error: unknown, option: string, path: string): never {
  const isThere = (error as NodeJS.ErrnoException).code === 'EEXIST';
  const why = isThere
    ? `is there already: ${path.endsWith(PART) ? 'remove what an interrupted command has left' : 'name a new file'}`
    : 'cannot be written';
  throw new CommandFailed(`--${option}: ${path} ${why}`, { cause: error });
}
