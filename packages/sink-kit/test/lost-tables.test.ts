import { describe, expect, test } from 'vitest';
import type { Delivery, Outcome } from '../src/sink.ts';
import { itemRow, sequenceAt } from '../src/testing/index.ts';
import { batchOf, failure, scripted, STORE, testWorker, topic } from './fixtures.ts';

const never = new AbortController().signal;
const insert = (id: number, step: number): Delivery =>
  topic.row({ operation: 'INSERT', sequence: sequenceAt(step), row: itemRow(id, 1) });

describe('a table that the store has lost', () => {
  const gone = (batch: readonly Delivery[]): Outcome[] =>
    batch.map(() => ({ kind: 'failed', error: failure('MYSQL_TABLE_UNKNOWN') }));

  test('is made again from the schema record of a snapshot further on, and is incomplete until that has ended', async () => {
    const sink = scripted(gone);
    const { worker, context, decisions } = testWorker(sink);
    const schema = topic.schema(sequenceAt(50));
    decisions.ahead.push(schema);
    const batch = batchOf([insert(1, 10), insert(2, 11)], 7n);
    expect(await worker.handle(batch, never)).toEqual({ nextOffset: 9n, pause: null });
    expect(sink.writes).toEqual([['{"id":1}', '{"id":2}'], [schema.key], ['{"id":1}', '{"id":2}']]);
    expect(context.incomplete.all).toMatchObject([{ topic: topic.topic, partitions: [0] }]);
  });

  test('that record is applied once; what fails all the same waits', async () => {
    const sink = scripted(gone, (batch) => batch.map(() => ({ kind: 'applied' })), gone);
    const { worker, decisions } = testWorker(sink);
    const schema = topic.schema(sequenceAt(50));
    decisions.ahead.push(schema, schema, schema);
    const verdict = await worker.handle(batchOf([insert(1, 10)], 7n), never);
    expect(verdict).toMatchObject({ pause: { reason: 'schema' } });
    expect(sink.writes).toEqual([['{"id":1}'], [schema.key], ['{"id":1}']]);
  });

  test('a shape that the store refuses gives way to a later one, and no row is missing for it', async () => {
    const refused = (): Outcome[] => [{ kind: 'failed', error: failure(STORE.STORE_SHAPE) }];
    const sink = scripted(refused);
    const { worker, context, decisions } = testWorker(sink);
    const [first, corrected] = [topic.schema(sequenceAt(5)), topic.schema(sequenceAt(50))];
    decisions.ahead.push(corrected);
    expect(await worker.handle(batchOf([first], 7n), never)).toEqual({ nextOffset: 8n, pause: null });
    expect([sink.writes.length, context.incomplete.all]).toEqual([3, []]);
  });

  test('that one snapshot has made, and that lacks something still, is taken to the next that brings all rows', async () => {
    const sink = scripted(gone, (batch) => batch.map(() => ({ kind: 'applied' })), gone);
    const { worker, decisions } = testWorker(sink);
    const [some, all] = [topic.schema(sequenceAt(50)), topic.schema(sequenceAt(60), { allRows: true })];
    decisions.ahead.push(some, some, { ...all, offset: some.offset + 9n });
    expect(await worker.handle(batchOf([insert(1, 10)], 7n), never)).toMatchObject({ pause: null });
    expect(sink.writes).toHaveLength(5);
  });

  test('is waited for while no snapshot was taken', async () => {
    const sink = scripted(gone, gone);
    const { worker, context } = testWorker(sink);
    expect(await worker.handle(batchOf([insert(1, 10)]), never)).toMatchObject({
      pause: { reason: 'schema' },
    });
    expect([sink.writes.length, context.incomplete.all]).toEqual([1, []]);
  });
});

describe('a change that a partition has lost', () => {
  const change = topic.schema(sequenceAt(5), { change: 'breaking' });
  const waits = (): Outcome[] => [{ kind: 'failed', error: failure(STORE.STORE_CHANGE) }];

  test('is passed over where a snapshot further on brings all rows, and the table is incomplete until that has ended', async () => {
    const sink = scripted(waits);
    const { worker, context, decisions } = testWorker(sink);
    decisions.ahead.push(topic.schema(sequenceAt(50), { allRows: true }));
    expect(await worker.handle(batchOf([change], 7n), never)).toEqual({ nextOffset: 8n, pause: null });
    expect(sink.writes).toHaveLength(3);
    expect(context.incomplete.all).toMatchObject([{ topic: topic.topic, partitions: [0] }]);
  });

  test('is waited for by a sink that applies no deletes, which keeps what does not come again', async () => {
    const sink = scripted(waits, waits);
    const { worker, context, decisions } = testWorker(sink, { operations: ['insert'] });
    decisions.ahead.push(topic.schema(sequenceAt(50), { allRows: true }));
    expect(await worker.handle(batchOf([change], 7n), never)).toMatchObject({ pause: { reason: 'schema' } });
    expect([sink.writes.length, context.incomplete.all]).toEqual([1, []]);
  });
});
