import { expect, test } from 'vitest';
import { tombstoneLifeMs } from '../src/tombstone-life.ts';

const DAY_MS = 86_400_000;
const weekly = { retentionMs: 7 * DAY_MS, cleanupPolicy: 'delete' } as const;

test('a deleted row is remembered for as long as is set, but no shorter than its past may come again', () => {
  expect(tombstoneLifeMs(90, weekly)).toBe(90 * DAY_MS);
  expect(tombstoneLifeMs(1, weekly)).toBe(37 * DAY_MS);
  expect(tombstoneLifeMs(1, { ...weekly, cleanupPolicy: 'compact,delete' })).toBe(37 * DAY_MS);
});

test('where records stay for ever, so do deleted rows', () => {
  expect(tombstoneLifeMs(37, { ...weekly, retentionMs: -1 })).toBe(Infinity);
  expect(tombstoneLifeMs(37, { ...weekly, cleanupPolicy: 'compact' })).toBe(Infinity);
});
