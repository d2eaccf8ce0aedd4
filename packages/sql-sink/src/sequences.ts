import { hash } from 'node:crypto';
import type { Sequence } from '@sluice/envelope';

/** The column of every table that holds the sequence of the change that wrote the row. */
export const SEQUENCE_COLUMN = '_sluice_sequence';

/** A BIGINT as the driver gives it, as 19 digits; null is ''. */
export function toSequence(value: unknown): Sequence {
  const isNumber = typeof value === 'string' || typeof value === 'number' || typeof value === 'bigint';
  return isNumber ? String(value).padStart(19, '0') : '';
}

/** 128 bits of SHA-256, in hexadecimal: a collision within a partition is as unlikely as a broken disk going unseen. */
export function keyDigest(key: string): string {
  return hash('sha256', key).slice(0, 32);
}
