import { expect, test } from 'vitest';
import { CLEAR, slices, transmissionMs } from './conditions.ts';

test('a chunk that fits arrives as it is', () => {
  const chunk = Buffer.from('abc');
  expect(slices(chunk, CLEAR)).toEqual([chunk]);
  expect(slices(chunk, { ...CLEAR, sliceBytes: 3 })).toEqual([chunk]);
});

test('a larger one arrives in pieces, the last with the rest', () => {
  const pieces = slices(Buffer.from('abcdefg'), { ...CLEAR, sliceBytes: 3 });
  expect(pieces.map(String)).toEqual(['abc', 'def', 'g']);
});

test('an empty chunk is no piece', () => {
  expect(slices(Buffer.alloc(0), CLEAR)).toEqual([]);
});

test('bytes take the link for as long as its speed says', () => {
  expect(transmissionMs(500, { ...CLEAR, bytesPerSecond: 2000 })).toBe(250);
  expect(transmissionMs(500, CLEAR)).toBe(0);
});
