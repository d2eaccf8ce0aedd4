import { TopicRouting } from '@sluice/envelope';
import { expect, test } from 'vitest';
import { keepRefused } from '../src/kept-rows.ts';
import {
  CONFORMANCE_DATABASE,
  CONFORMANCE_TABLE,
  inMemorySink,
  sequenceAt,
  TestTopic,
} from '../src/testing/index.ts';
import { testWorker } from './fixtures.ts';

const shared = new TestTopic({
  strategy: 'database',
  database: CONFORMANCE_DATABASE,
  table: CONFORMANCE_TABLE,
  columns: [],
  keyColumns: ['id'],
});
const since = sequenceAt(20);

function kept(pages: readonly (readonly string[])[], reconcile = true) {
  const calls: (readonly string[])[] = [];
  const sink = Object.assign(inMemorySink(), {
    keep: async (_: unknown, keys: readonly string[]) => void calls.push(keys),
  });
  const context = {
    ...testWorker(sink).context,
    routing: new TopicRouting({ prefix: 'test', strategy: 'database' }),
    async *refusedKeys() {
      yield* pages;
    },
  };
  const mark = { phase: 'end', job: 's', reconcile, since, partitions: 1 } as const;
  const end = shared.snapshotMark(sequenceAt(30), mark);
  const done = keepRefused(end, { topic: shared.topic, partition: 0 }, context, new AbortController().signal);
  return done.then(() => calls);
}

test('of a topic that tables share only this table’s rows are kept, page by page', async () => {
  const ours = (id: number): string => `{"$table":"${CONFORMANCE_TABLE}","id":${id}}`;
  const calls = await kept([
    [ours(1), '{"$table":"parts","id":2}', `{"$sluice":"schema","$table":"${CONFORMANCE_TABLE}"}`],
    ['{"$table":"parts","id":3}', '{"id":4}', 'no key'],
    [ours(5), ours(6), `{"$table":"${CONFORMANCE_TABLE}","id":`],
  ]);
  expect(calls).toEqual([['{"id":1}'], ['{"id":5}', '{"id":6}']]);
});

test('a snapshot that removes nothing asks for no letters', async () => {
  expect(await kept([[`{"$table":"${CONFORMANCE_TABLE}","id":1}`]], false)).toEqual([]);
});
