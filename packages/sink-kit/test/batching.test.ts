import { expect, test } from 'vitest';
import { cutSteps } from '../src/batching.ts';
import { decodeBatch } from '../src/decode.ts';
import type { Delivery } from '../src/sink.ts';
import { itemRow, sequenceAt } from '../src/testing/index.ts';
import { batchOf, routing, topic } from './fixtures.ts';

const insert = (id: number): Delivery =>
  topic.row({ operation: 'INSERT', sequence: sequenceAt(id), row: itemRow(id, 1) });
const cut = (deliveries: readonly Delivery[], batchRecords: number, batchBytes = 1e9) =>
  [...cutSteps(decodeBatch(batchOf(deliveries), routing, null), { batchRecords, batchBytes })].map((step) => [
    step.kind === 'rows' ? step.rows.length : step.delivery.envelope.schema.type,
    Number(step.next),
  ]);

test('rows are cut by count', () => {
  expect(cut([1, 2, 3, 4, 5].map(insert), 2)).toEqual([
    [2, 2],
    [2, 4],
    [1, 5],
  ]);
});

test('rows are cut by bytes; one that is too large goes alone', () => {
  const bytes = insert(1).value.length;
  expect(cut([1, 2, 3].map(insert), 100, bytes * 2)).toEqual([
    [2, 2],
    [1, 3],
  ]);
  expect(cut([1, 2].map(insert), 100, 10)).toEqual([
    [1, 1],
    [1, 2],
  ]);
});

test('a control record is a step of its own', () => {
  const batch = [insert(1), topic.truncate(sequenceAt(9)), topic.schema(sequenceAt(10)), insert(2)];
  expect(cut(batch, 100)).toEqual([
    [1, 1],
    ['truncate', 2],
    ['schema', 3],
    [1, 4],
  ]);
});

test('nothing gives no step', () => {
  expect(cut([], 10)).toEqual([]);
});

test('a null value and an unreadable one move the offset on', () => {
  const batch = batchOf([insert(1), insert(2), insert(3)]);
  const records = [
    batch.records[0]!,
    { ...batch.records[1]!, value: null },
    { ...batch.records[2]!, key: null },
  ];
  const [step, ...more] = cutSteps(decodeBatch({ ...batch, records }, routing, null), {
    batchRecords: 10,
    batchBytes: 1e9,
  });
  expect(more).toEqual([]);
  expect(step).toMatchObject({ kind: 'rows', next: 3n, poison: [{ error: { code: 'RECORD_INVALID' } }] });
  expect(step?.kind === 'rows' ? step.rows : []).toHaveLength(1);
});

test('asks for no more entries than the step takes, and one: a large batch is not decoded at once', () => {
  let asked = 0;
  const deliveries = Array.from({ length: 50 }, (_, id) => insert(id + 1));
  function* counted() {
    for (const entry of decodeBatch(batchOf(deliveries), routing, null)) {
      asked++;
      yield entry;
    }
  }
  const steps = cutSteps(counted(), { batchRecords: 10, batchBytes: 1e6 });
  expect(steps.next().value).toMatchObject({ kind: 'rows' });
  expect(asked).toBe(11);
});
