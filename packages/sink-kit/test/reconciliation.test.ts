import { expect, test } from 'vitest';
import { reconciliationOf, withoutRemoval } from '../src/reconciliation.ts';
import { TableSelection } from '../src/table-selection.ts';
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

test('a sink that applies no deletes is told neither that all rows come, nor that others go', () => {
  const begin = topic.schema(sequenceAt(5), { allRows: true });
  const end = topic.snapshotMark(sequenceAt(9), { phase: 'end', reconcile: true, ...mark });
  const [all, some] = [{}, { operations: ['insert' as const] }].map(
    (settings) => new TableSelection(settings, ['*.*']),
  ) as [TableSelection, TableSelection];
  expect([begin, end].map((record) => withoutRemoval(record, all))).toEqual([begin, end]);
  expect(withoutRemoval(begin, some).envelope.payload).toMatchObject({ allRows: false, change: 'create' });
  expect(reconciliationOf(withoutRemoval(end, some).envelope)).toBeNull();
});
