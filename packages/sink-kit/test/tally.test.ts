import { expect, test } from 'vitest';
import { BatchTally } from '../src/tally.ts';
import type { Delivery } from '../src/sink.ts';

const COMMIT_MS = 1_000_000;

function change(timestamp: number, operation = 'UPDATE'): Delivery {
  const payload = { operation, source: { database: 'shop', table: 'orders', timestamp } };
  return { envelope: { payload } } as unknown as Delivery;
}

test('a change is as late as its commit, once for each commit; what the store has had already is not late', () => {
  const tally = new BatchTally();
  tally.add(change(COMMIT_MS), 'applied', COMMIT_MS + 30);
  tally.add(change(COMMIT_MS), 'applied', COMMIT_MS + 30);
  // Read once more, a day later: after a rewind, or of a sink that was given back an older offset.
  tally.add(change(COMMIT_MS - 5), 'stale', COMMIT_MS + 86_400_000);
  tally.add(change(COMMIT_MS - 9, 'SNAPSHOT'), 'applied', COMMIT_MS + 86_400_000);
  expect(tally.latenciesMs).toEqual([30]);
  expect(tally.records).toBe(4);
  expect([...tally.counts()].map(({ result, count, latencyMs }) => [result, count, latencyMs])).toEqual([
    ['applied', 2, 30],
    ['stale', 1, null],
    ['applied', 1, null],
  ]);
});
