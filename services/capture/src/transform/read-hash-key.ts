import { readFileSync } from 'node:fs';
import { PipelineError } from '@sluice/runtime';
import { HashKey } from '../model/hash-key.ts';

const LEAST_BYTES = 16;

/** Throws CONFIG_INVALID when the file cannot be read or holds less than 16 bytes. */
export function readHashKey(file: string): HashKey {
  const bytes = readKey(file);
  const end = bytes.at(-1) === 0x0a ? (bytes.at(-2) === 0x0d ? -2 : -1) : bytes.length;
  const key = bytes.subarray(0, end);
  if (key.length >= LEAST_BYTES) return new HashKey(key);
  throw refused(`found ${key.length} bytes in ${file}; write at least ${LEAST_BYTES} random bytes to it`);
}

function readKey(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'an error';
    throw refused(`found ${file}, which cannot be read (${code}); make it readable for capture`, error);
  }
}

function refused(what: string, cause?: unknown): PipelineError {
  return new PipelineError('CONFIG_INVALID', `capture.hashKeyFile: ${what}`, { cause });
}
