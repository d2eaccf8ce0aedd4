import { expect, test } from 'vitest';
import { reconciliationOf } from '../src/reconciliation.ts';
import { sequenceAt } from '../src/testing/index.ts';
import { topic } from './fixtures.ts';

const mark = { job: 'j', since: sequenceAt(5), partitions: 2 };

test('an end that reconciles says since when, and in how many partitions it stands', () => {
  const { envelope } = topic.snapshotMark(sequenceAt(9), { phase: 'end', reconcile: true, ...mark });
  expect(reconciliationOf(envelope)).toEqual(mark);
});

test.each([
  ['a begin', topic.snapshotMark(sequenceAt(9), { phase: 'begin', reconcile: true, ...mark })],
  [
    'an end of a first snapshot',
    topic.snapshotMark(sequenceAt(9), { phase: 'end', reconcile: false, ...mark }),
  ],
  [
    'an end that does not say since when',
    topic.snapshotMark(sequenceAt(9), { phase: 'end', reconcile: true, job: 'j' }),
  ],
  ['a truncate', topic.truncate(sequenceAt(9))],
])('%s removes nothing', (_, { envelope }) => {
  expect(reconciliationOf(envelope)).toBeNull();
});
