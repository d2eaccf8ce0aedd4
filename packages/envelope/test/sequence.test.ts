import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  compareSequence,
  FILE_MAX,
  formatSequence,
  GENERATION_MAX,
  isSequence,
  OFFSET_MAX,
  parseSequence,
  type SequenceFields,
} from '../src/sequence.ts';

/** Fields near each other and near the bounds as often as far apart. */
const fields: fc.Arbitrary<SequenceFields> = fc.record({
  generation: fc.oneof(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: GENERATION_MAX })),
  file: fc.oneof(fc.integer({ min: 0, max: 11 }), fc.integer({ min: 0, max: FILE_MAX })),
  offset: fc.oneof(fc.integer({ min: 0, max: 11 }), fc.integer({ min: 0, max: OFFSET_MAX })),
});

const format = ({ generation, file, offset }: SequenceFields): string =>
  formatSequence(generation, file, offset);

test('the example of the design', () => {
  expect(formatSequence(1, 2, 53_760_849)).toBe('0010000020053760849');
  expect(parseSequence('0010000020053760849')).toEqual({ generation: 1, file: 2, offset: 53_760_849 });
});

test('string order, numeric order and the order of the fields are one order', () => {
  fc.assert(
    fc.property(fields, fields, (left, right) => {
      const [a, b] = [format(left), format(right)];
      const tuple =
        Math.sign(left.generation - right.generation) ||
        Math.sign(left.file - right.file) ||
        Math.sign(left.offset - right.offset);
      const number = BigInt(a) < BigInt(b) ? -1 : BigInt(a) > BigInt(b) ? 1 : 0;
      expect([compareSequence(a, b), number]).toEqual([tuple, tuple]);
    }),
    { numRuns: 2000 },
  );
});

test('every sequence is 19 digits, below 2^63, and read back as written', () => {
  fc.assert(
    fc.property(fields, (value) => {
      const sequence = format(value);
      expect(sequence).toMatch(/^\d{19}$/);
      expect(BigInt(sequence) < 2n ** 63n).toBe(true);
      expect(isSequence(sequence)).toBe(true);
      expect(parseSequence(sequence)).toEqual(value);
    }),
  );
  expect(BigInt(formatSequence(GENERATION_MAX, FILE_MAX, OFFSET_MAX)) < 2n ** 63n).toBe(true);
});

test('a field that does not fit throws: nothing wraps', () => {
  const wrong = [
    [0, 0, 0],
    [GENERATION_MAX + 1, 0, 0],
    [1, FILE_MAX + 1, 0],
    [1, 0, OFFSET_MAX + 1],
    [1, -1, 0],
    [1, 0, 0.5],
    [1, Number.NaN, 0],
  ] as const;
  for (const [generation, file, offset] of wrong) {
    expect(() => formatSequence(generation, file, offset)).toThrow(RangeError);
  }
});

test('what is not a sequence', () => {
  const wrong = [
    '',
    '0010000020053760',
    '0000000020053760849',
    '9220000020053760849',
    '001000002005376084x',
    ' 010000020053760849',
    1,
    null,
  ];
  expect(wrong.filter(isSequence)).toEqual([]);
  expect(() => parseSequence('0')).toThrow(RangeError);
});
