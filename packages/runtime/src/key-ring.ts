import { hkdfSync, randomBytes } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { PipelineError } from './errors.ts';

/** What the keys of a file are for. */
export interface KeyUse {
  /** Stands in the file, in the id and in the command that makes the file. */
  readonly name: 'hash' | 'seal';
  /** The setting that names the file. */
  readonly setting: string;
}

export const HASH_KEYS: KeyUse = { name: 'hash', setting: 'capture.hashKeyFile' };
export const SEAL_KEYS: KeyUse = { name: 'seal', setting: 'kafka.sealKeyFile' };

const KEY_BYTES = 32;
/** Bytes of an id: few, so that a key that was guessed is not confirmed by it. */
const ID_BYTES = 2;
/** Others may do anything, or the group may write. */
const TOO_OPEN = 0o027;

/** What a line of the file begins with. A later form of it gets another number. */
const markOf = ({ name }: KeyUse): string => `sluice-${name}-key-1`;
const commandOf = ({ name }: KeyUse): string => `\`sluice ${name}-key new\``;

/**
 * The keys of a file of `sluice hash-key new` or `sluice seal-key new`, newest first: a line each, a mark and 32 bytes in base64url.
 * Empty lines and such that begin with `#` are passed over. Throws CONFIG_INVALID with the number of the first other line; no part
 * of it is shown.
 */
export function parseKeyRing(use: KeyUse, text: string, file: string): readonly Buffer[] {
  const form = new RegExp(`^${markOf(use)} ([A-Za-z0-9_-]{43})$`, 'u');
  const keys = text.split('\n').flatMap((line, index) => {
    if (/^\s*(?:#.*)?$/u.test(line)) return [];
    const key = form.exec(line.trim())?.[1];
    if (key === undefined)
      throw keyFileError(use, `line ${index + 1} of ${file} is no key as ${commandOf(use)} makes it`);
    return [Buffer.from(key, 'base64url')];
  });
  if (keys.length === 0) throw keyFileError(use, `${file} holds no key: make one by ${commandOf(use)}`);
  if (new Set(keys.map((key) => keyId(use, key))).size < keys.length)
    throw keyFileError(use, `two keys in ${file} are the same, or have the same id: take the older one out`);
  return keys;
}

/** Whether a file is one of the command. */
export function isKeyRing(use: KeyUse, bytes: Buffer): boolean {
  return new RegExp(`^(?:\\s*#.*\\n|\\s*\\n)*\\s*${markOf(use)} `, 'u').test(bytes.toString('latin1'));
}

/** The text of a ring with a new key in front. @param text of the ring so far; '' for a new one */
export function withNewKey(
  use: KeyUse,
  text: string,
  file: string,
): { readonly text: string; readonly id: string } {
  const known = new Set((text === '' ? [] : parseKeyRing(use, text, file)).map((key) => keyId(use, key)));
  for (;;) {
    const key = randomBytes(KEY_BYTES);
    const id = keyId(use, key);
    if (!known.has(id)) return { text: `${markOf(use)} ${key.toString('base64url')}\n${text}`, id };
  }
}

/** Tells a key from others of its ring, by a derivation of its own. */
export function keyId({ name }: KeyUse, key: Buffer): string {
  return Buffer.from(hkdfSync('sha256', key, '', `sluice ${name} key id`, ID_BYTES)).toString('hex');
}

/** The bytes of a file of keys. Throws CONFIG_INVALID when it cannot be read or is open to others. */
export function readKeyFile(use: KeyUse, file: string): Buffer {
  try {
    const mode = statSync(file).mode & 0o777;
    if ((mode & TOO_OPEN) !== 0)
      throw keyFileError(
        use,
        `found ${file} with mode ${mode.toString(8)}, which lets others in. Fix: chmod o=,g-w ${file} (in Kubernetes: defaultMode: 0440)`,
      );
    return readFileSync(file);
  } catch (error) {
    if (error instanceof PipelineError) throw error;
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'an error';
    throw keyFileError(
      use,
      `found ${file}, which cannot be read (${code}); make it readable for the service`,
      error,
    );
  }
}

export function keyFileError({ setting }: KeyUse, what: string, cause?: unknown): PipelineError {
  return new PipelineError('CONFIG_INVALID', `${setting}: ${what}.`, { cause });
}
