import { expect, test } from 'vitest';
import { recordsLeft } from '../../src/operator/sink-applied.ts';

const at = (partition: number, committed: bigint | null, low = 0n) => ({
  topic: 't',
  partition,
  low,
  committed,
});

test.each([
  ['all applied', [at(0, 10n), at(1, 7n)], 0n],
  ['the end marker of a transaction alone', [at(0, 9n), at(1, 7n)], 0n],
  ['one record and its marker', [at(0, 8n), at(1, 7n)], 2n],
  ['a group without an offset', [at(0, null), at(1, 7n)], 10n],
  ['a group without an offset, and nothing there any more', [at(0, null, 10n), at(1, 7n)], 0n],
  ['farther than was asked for', [at(0, 99n), at(1, 99n)], 0n],
] as const)('records left: %s', (_, positions, left) => {
  expect(recordsLeft(positions, new Map([['t', [10n, 7n]]]))).toBe(left);
});
