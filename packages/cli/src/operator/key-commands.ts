import { readFile, writeFile } from 'node:fs/promises';
import { HASH_KEYS, isKeyRing, SEAL_KEYS, withNewKey, type KeyUse, type SluiceConfig } from '@sluice/runtime';
import { CommandFailed } from './command-failed.ts';
import type { CommandLine, PipelineCommand } from './command.ts';
import { show, type Screen } from './screen.ts';

/** Only its owner. */
const MODE = 0o600;

interface Words {
  readonly configured: (config: SluiceConfig) => string | undefined;
  /** What to do with the first key of a file. */
  readonly first: (file: string) => string;
  /** What follows from a further one. */
  readonly next: string;
}

export const hashKeyNewCommand: PipelineCommand = {
  name: 'hash-key new',
  options: ['file'],
  help: 'make a key for hashed columns, in front of those that the file has',
  connects: 'nothing',
  run: newKey(HASH_KEYS, {
    configured: (config) => config.capture.hashKeyFile,
    first: (file) =>
      `${file}, which only its owner may read: let capture be that owner, and name it under capture.hashKeyFile`,
    next: 'from its next start, capture hashes with it and publishes the tables with hashed columns again (sluice plan lists them)',
  }),
};

export const sealKeyNewCommand: PipelineCommand = {
  name: 'seal-key new',
  options: ['file'],
  help: 'make a key that seals control records, in front of those that the file has',
  connects: 'nothing',
  run: newKey(SEAL_KEYS, {
    configured: (config) => config.kafka.sealKeyFile,
    first: (file) =>
      `${file}, which only its owner may read: give it to every service of the pipeline, and name it under kafka.sealKeyFile, with kafka.seals: write at first`,
    next: 'give the file to every service and start all again, sinks first: who has the older key alone refuses what is sealed by the new one',
  }),
};

/** Makes the file, or puts a key in front of its others. Throws CommandFailed when it is there and is no such file. */
function newKey(use: KeyUse, words: Words): PipelineCommand['run'] {
  return async ({ values }: CommandLine, config: SluiceConfig, screen: Screen): Promise<boolean> => {
    const file = values.text('file') ?? words.configured(config);
    if (file === undefined)
      throw new CommandFailed(`name the file: by --file, or as ${use.setting} in the configuration`);
    const before = await readRing(use, file);
    const { text, id } = withNewKey(use, before, file);
    await writeFile(file, text, { mode: MODE });
    show(screen, { file, id, isFirst: before === '' }, [], []);
    screen.say(
      before === ''
        ? `key ${id} is in ${words.first(file)}`
        : `key ${id} is now the first key in ${file}: ${words.next}`,
    );
    return true;
  };
}

/** '' when there is no such file. */
async function readRing(use: KeyUse, file: string): Promise<string> {
  let bytes: Buffer;
  try {
    bytes = await readFile(file);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
    if (code === 'ENOENT') return '';
    throw new CommandFailed(`${file} cannot be read (${code})`, { cause: error });
  }
  if (isKeyRing(use, bytes)) return bytes.toString('utf8');
  throw new CommandFailed(
    `${file} exists but is not a key file of this command: name another file by --file`,
  );
}
