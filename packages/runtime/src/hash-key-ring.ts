import { hkdfSync, randomBytes } from 'node:crypto';
import { PipelineError } from './errors.ts';

/** What a line of the file begins with. A later form of it gets another number. */
const MARK = 'sluice-hash-key-1';
const LINE = /^sluice-hash-key-1 ([A-Za-z0-9_-]{43})$/u;
const KEY_BYTES = 32;
/** Bytes of an id: few, so that a key that was guessed is not confirmed by it. */
const ID_BYTES = 2;

/**
 * The keys of a file of `sluice hash-key new`, newest first: a line each, `sluice-hash-key-1` and 32 bytes in base64url. Empty lines and
 * such that begin with `#` are passed over. Throws CONFIG_INVALID with the number of the first other line; no part of it is shown.
 */
export function parseHashKeyRing(text: string, file: string): readonly Buffer[] {
  const keys = text.split('\n').flatMap((line, index) => {
    if (/^\s*(?:#.*)?$/u.test(line)) return [];
    const key = LINE.exec(line.trim())?.[1];
    if (key === undefined)
      throw refused(`line ${index + 1} of ${file} is no key as \`sluice hash-key new\` makes it`);
    return [Buffer.from(key, 'base64url')];
  });
  if (keys.length === 0) throw refused(`${file} holds no key: make one by \`sluice hash-key new\``);
  if (new Set(keys.map(hashKeyId)).size < keys.length)
    throw refused(`two keys in ${file} are the same, or have the same id: take the older one out`);
  return keys;
}

/** Whether a file is one of `sluice hash-key new`; else it is the bytes of a key, as files were before. */
export function isHashKeyRing(bytes: Buffer): boolean {
  return new RegExp(`^(?:\\s*#.*\\n|\\s*\\n)*\\s*${MARK} `, 'u').test(bytes.toString('latin1'));
}

/** The text of a ring with a new key in front. @param text of the ring so far; '' for a new one */
export function withNewHashKey(text: string, file: string): { readonly text: string; readonly id: string } {
  const known = new Set(text === '' ? [] : parseHashKeyRing(text, file).map(hashKeyId));
  for (;;) {
    const key = randomBytes(KEY_BYTES);
    const id = hashKeyId(key);
    if (!known.has(id)) return { text: `${MARK} ${key.toString('base64url')}\n${text}`, id };
  }
}

/** Tells a key from others of its ring, by a derivation of its own. */
export function hashKeyId(key: Buffer): string {
  return Buffer.from(hkdfSync('sha256', key, '', 'sluice hash key id', ID_BYTES)).toString('hex');
}

function refused(what: string): PipelineError {
  return new PipelineError('CONFIG_INVALID', `capture.hashKeyFile: ${what}.`);
}
