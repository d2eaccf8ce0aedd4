/** 19 digits: generation (3), binlog file number (6), offset (10). String order is number order. */
export type Sequence = string;

/**
 * A sequence is three decimal fields side by side: generation (3 digits, 001–921), binlog file number (6), offset (10).
 * The bound on the generation keeps the whole below 2^63, so string order, numeric order and field order are one order.
 */
export const GENERATION_MAX = 921;
export const FILE_MAX = 999_999;
export const OFFSET_MAX = 9_999_999_999;

export interface SequenceFields {
  readonly generation: number;
  readonly file: number;
  readonly offset: number;
}

const PATTERN = /^(?:00[1-9]|0[1-9]\d|[1-8]\d\d|9[01]\d|92[01])\d{16}$/;

/** Source text of the pattern of a sequence, for schemas. */
export const SEQUENCE_PATTERN: string = PATTERN.source;

/** Throws RangeError when a field does not fit: a sequence never wraps. */
export function formatSequence(generation: number, file: number, offset: number): Sequence {
  return (
    field('generation', generation, 1, GENERATION_MAX, 3) +
    field('file', file, 0, FILE_MAX, 6) +
    field('offset', offset, 0, OFFSET_MAX, 10)
  );
}

/** Throws RangeError when the text is not a sequence. */
export function parseSequence(sequence: Sequence): SequenceFields {
  if (!isSequence(sequence))
    throw new RangeError('not a sequence of 19 digits with a generation of 001 to 921');
  return {
    generation: Number(sequence.slice(0, 3)),
    file: Number(sequence.slice(3, 9)),
    offset: Number(sequence.slice(9)),
  };
}

export function compareSequence(left: Sequence, right: Sequence): -1 | 0 | 1 {
  if (left === right) return 0;
  return left < right ? -1 : 1;
}

export function isSequence(value: unknown): value is Sequence {
  return typeof value === 'string' && PATTERN.test(value);
}

function field(name: string, value: number, min: number, max: number, digits: number): string {
  if (!Number.isInteger(value) || value < min || value > max) {
    throw new RangeError(`sequence ${name} ${value} is not a whole number of ${min} to ${max}`);
  }
  return String(value).padStart(digits, '0');
}
