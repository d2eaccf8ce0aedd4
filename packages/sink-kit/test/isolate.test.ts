import { expect, test } from 'vitest';
import { isolate, sortOutcomes } from '../src/isolate.ts';
import type { Outcome } from '../src/sink.ts';
import { itemRow, sequenceAt } from '../src/testing/index.ts';
import { failure, topic } from './fixtures.ts';

const [a, b, c] = [1, 2, 3].map((id) =>
  topic.row({ operation: 'INSERT', sequence: sequenceAt(id), row: itemRow(id, 1) }),
) as [never, never, never];

test('outcomes are sorted by what must be done about them', () => {
  const outcomes: Outcome[] = [
    { kind: 'stale' },
    { kind: 'failed', error: failure('RECORD_INVALID') },
    { kind: 'failed', error: failure('SINK_UNEXPECTED') },
  ];
  const sorted = sortOutcomes({ deliveries: [a, b, c], refusals: 0 }, outcomes);
  expect(sorted).toEqual({
    settled: [{ delivery: a, outcome: { kind: 'stale' } }],
    refused: [b],
    unanswered: [c],
  });
});

test('a missing outcome is a fault of the sink', () => {
  expect(() => sortOutcomes({ deliveries: [a, b], refusals: 0 }, [{ kind: 'applied' }])).toThrow(RangeError);
});

test('refused deliveries are halved in order, a single one counts its refusals', () => {
  const group = { deliveries: [a, b, c], refusals: 0 };
  expect(isolate(group, [])).toEqual([]);
  expect(isolate(group, [a, b, c])).toEqual([
    { deliveries: [a], refusals: 0 },
    { deliveries: [b, c], refusals: 0 },
  ]);
  expect(isolate(group, [b])).toEqual([{ deliveries: [b], refusals: 1 }]);
  expect(isolate({ deliveries: [b], refusals: 2 }, [b])).toEqual([{ deliveries: [b], refusals: 3 }]);
});
