import { readFileSync, statSync } from 'node:fs';
import { isHashKeyRing, parseHashKeyRing, PipelineError, type SluiceConfig } from '@sluice/runtime';
import { HashKey } from '../model/hash-key.ts';

const LEAST_BYTES = 16;
/** Others may do anything, or the group may write. */
const TOO_OPEN = 0o027;

type KeySettings = Pick<SluiceConfig['capture'], 'hashKeyFile' | 'hashKeyForm'>;

/**
 * Null without `capture.hashKeyFile`. Throws CONFIG_INVALID when the file cannot be read, is open to others, or is not of the form that is
 * set.
 */
export function readHashKey({ hashKeyFile: file, hashKeyForm: form }: KeySettings): HashKey | null {
  if (file === undefined) return null;
  const bytes = readKey(file);
  const isRing = isHashKeyRing(bytes);
  if (form === 'ring') {
    if (isRing) return HashKey.ofRing(parseHashKeyRing(bytes.toString('utf8'), file));
    throw refused(
      `found bytes in ${file} that are not a key file. Create one by \`sluice hash-key new\` in another file: all values are hashed again, with a separate key for each column; ` +
        'or set capture.hashKeyForm: bytes, which keeps one key for all columns',
    );
  }
  if (isRing)
    throw refused(`found a ring of keys in ${file}, and capture.hashKeyForm: bytes. Remove that setting`);
  const end = bytes.at(-1) === 0x0a ? (bytes.at(-2) === 0x0d ? -2 : -1) : bytes.length;
  const key = bytes.subarray(0, end);
  if (key.length >= LEAST_BYTES) return HashKey.ofBytes(key);
  throw refused(
    `found ${key.length} bytes in ${file}, and less than ${LEAST_BYTES} can be guessed. Make a ring by \`sluice hash-key new\` in another file, and remove capture.hashKeyForm`,
  );
}

function readKey(file: string): Buffer {
  try {
    const mode = statSync(file).mode & 0o777;
    if ((mode & TOO_OPEN) !== 0)
      throw refused(
        `found ${file} with mode ${mode.toString(8)}, which lets others in. Fix: chmod o=,g-w ${file} (in Kubernetes: defaultMode: 0440)`,
      );
    return readFileSync(file);
  } catch (error) {
    if (error instanceof PipelineError) throw error;
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'an error';
    throw refused(`found ${file}, which cannot be read (${code}); make it readable for capture`, error);
  }
}

function refused(what: string, cause?: unknown): PipelineError {
  return new PipelineError('CONFIG_INVALID', `capture.hashKeyFile: ${what}.`, { cause });
}
