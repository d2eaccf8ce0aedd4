import {
  HASH_KEYS,
  isKeyRing,
  keyFileError,
  parseKeyRing,
  readKeyFile,
  type SluiceConfig,
} from '@sluice/runtime';
import { HashKey } from '../model/hash-key.ts';

const LEAST_BYTES = 16;

type KeySettings = Pick<SluiceConfig['capture'], 'hashKeyFile' | 'hashKeyForm'>;

/**
 * Null without `capture.hashKeyFile`. Throws CONFIG_INVALID when the file cannot be read, is open to others, or is not of the form that is
 * set.
 */
export function readHashKey({ hashKeyFile: file, hashKeyForm: form }: KeySettings): HashKey | null {
  if (file === undefined) return null;
  const bytes = readKeyFile(HASH_KEYS, file);
  const isRing = isKeyRing(HASH_KEYS, bytes);
  if (form === 'ring') {
    if (isRing) return HashKey.ofRing(parseKeyRing(HASH_KEYS, bytes.toString('utf8'), file));
    throw keyFileError(
      HASH_KEYS,
      `found bytes in ${file} that are not a key file. Create one by \`sluice hash-key new\` in another file: all values are hashed again, with a separate key for each column; ` +
        'or set capture.hashKeyForm: bytes, which keeps one key for all columns',
    );
  }
  if (isRing)
    throw keyFileError(
      HASH_KEYS,
      `found a ring of keys in ${file}, and capture.hashKeyForm: bytes. Remove that setting`,
    );
  const end = bytes.at(-1) === 0x0a ? (bytes.at(-2) === 0x0d ? -2 : -1) : bytes.length;
  const key = bytes.subarray(0, end);
  if (key.length >= LEAST_BYTES) return HashKey.ofBytes(key);
  throw keyFileError(
    HASH_KEYS,
    `found ${key.length} bytes in ${file}, and less than ${LEAST_BYTES} can be guessed. Make a ring by \`sluice hash-key new\` in another file, and remove capture.hashKeyForm`,
  );
}
