import { createHash } from 'node:crypto';
import { closeSync, openSync } from 'node:fs';
import { mkdir, open, readdir, rename, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { CommandFailed } from '../operator/command-failed.ts';
import { appendWhole, OWN_FILE } from '../operator/new-files.ts';
import { MANIFEST, type BackupManifest } from './backup-manifest.ts';
import { refuseAddress } from './refuse-address.ts';

/** Only its owner: a checkpoint has keys of rows, a statement may have values. */
const FOLDER_MODE = 0o700;

/** The folder of a backup while it is made. It is one when its manifest stands in it, which comes last. */
export class BackupFolder {
  readonly #path: string;
  readonly #toDisk: (path: string) => Promise<void>;
  readonly #files: Record<string, BackupManifest['files'][string]> = {};

  private constructor(path: string, toDisk: (path: string) => Promise<void>) {
    this.#path = path;
    this.#toDisk = toDisk;
  }

  /**
   * Throws CommandFailed for an address, and a folder that cannot be made, or has something in it.
   * @param toDisk resolves when a file, or the names in a folder, outlive a power cut
   */
  static async create(path: string, toDisk = synced): Promise<BackupFolder> {
    refuseAddress('to', path);
    try {
      await mkdir(path, { recursive: true, mode: FOLDER_MODE });
      if ((await readdir(path)).length > 0)
        throw new CommandFailed(`--to: ${path} is not empty: name a new folder`);
    } catch (error) {
      if (error instanceof CommandFailed) throw error;
      throw new CommandFailed(`--to: ${path} cannot be made: ${(error as Error).message}`, { cause: error });
    }
    return new BackupFolder(resolve(path), toDisk);
  }

  /** What was written so far, by name. */
  get files(): BackupManifest['files'] {
    return this.#files;
  }

  /**
   * Writes a file of lines while `work` gives them, so that no topic has to fit into memory. Resolves to how many there were.
   * Throws CommandFailed when it does not take all of them.
   * @param work is given what takes a line, without its end
   */
  async lines(name: string, work: (line: (text: string) => void) => Promise<void>): Promise<number> {
    const path = join(this.#path, name);
    const file = openSync(path, 'wx', OWN_FILE);
    const hash = createHash('sha256');
    let [count, bytes] = [0, 0];
    try {
      await work((text) => {
        const line = Buffer.from(`${text}\n`);
        appendWhole(file, line, 'to', path);
        hash.update(line);
        count += 1;
        bytes += line.length;
      });
    } finally {
      closeSync(file);
    }
    await this.#keep(path);
    this.#files[name] = { bytes, sha256: hash.digest('hex') };
    return count;
  }

  async document(name: string, document: unknown): Promise<void> {
    await this.lines(name, async (line) => line(JSON.stringify(document, null, 2)));
  }

  /** Makes it a backup: without a manifest nobody takes it for one. A power cut leaves all of it, or no manifest. */
  async finish(manifest: string): Promise<void> {
    const part = join(this.#path, `${MANIFEST}.part`);
    await writeFile(part, manifest, { flag: 'wx', mode: OWN_FILE });
    await this.#keep(part);
    await this.#keep(this.#path);
    await rename(part, join(this.#path, MANIFEST));
    await this.#keep(this.#path);
    await this.#keep(dirname(this.#path));
  }

  async #keep(path: string): Promise<void> {
    await this.#toDisk(path).catch((error: unknown) => {
      throw new CommandFailed(`--to: ${path} cannot be written: ${(error as Error).message}`, {
        cause: error,
      });
    });
  }
}

async function synced(path: string): Promise<void> {
  const file = await open(path, 'r');
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}
