import { readFile, writeFile } from 'node:fs/promises';
import { isHashKeyRing, withNewHashKey, type SluiceConfig } from '@sluice/runtime';
import { CommandFailed } from './command-failed.ts';
import type { CommandLine, PipelineCommand } from './command.ts';
import { show, type Screen } from './screen.ts';

/** Only its owner. */
const MODE = 0o600;

export const hashKeyNewCommand: PipelineCommand = {
  name: 'hash-key new',
  options: ['file'],
  help: 'make a key for hashed columns, in front of those that the file has',
  connects: 'nothing',
  run: hashKeyNew,
};

/** Makes the file, or puts a key in front of its others. Throws CommandFailed when it is there and is no such file. */
async function hashKeyNew({ values }: CommandLine, config: SluiceConfig, screen: Screen): Promise<boolean> {
  const file = values.text('file') ?? config.capture.hashKeyFile;
  if (file === undefined)
    throw new CommandFailed('name the file: by --file, or as capture.hashKeyFile in the configuration');
  const before = await readRing(file);
  const { text, id } = withNewHashKey(before, file);
  await writeFile(file, text, { mode: MODE });
  show(screen, { file, id, isFirst: before === '' }, [], []);
  screen.say(
    before === ''
      ? `key ${id} is in ${file}, which only its owner may read: let capture be that owner, and name it under capture.hashKeyFile`
      : `key ${id} is now the first key in ${file}: from its next start, capture hashes with it and publishes the tables with hashed columns again (sluice plan lists them)`,
  );
  return true;
}

/** '' when there is no such file. */
async function readRing(file: string): Promise<string> {
  let bytes: Buffer;
  try {
    bytes = await readFile(file);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
    if (code === 'ENOENT') return '';
    throw new CommandFailed(`${file} cannot be read (${code})`, { cause: error });
  }
  if (isHashKeyRing(bytes)) return bytes.toString('utf8');
  throw new CommandFailed(
    `${file} exists but is not a key file of this command: name another file by --file`,
  );
}
