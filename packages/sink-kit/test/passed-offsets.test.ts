import { createLogger } from '@sluice/runtime';
import { expect, test } from 'vitest';
import { PassedOffsets } from '../src/passed-offsets.ts';
import { failure } from './fixtures.ts';

const [first, second] = [0, 1].map((partition) => ({ topic: 'shop.orders', partition })) as [Where, Where];
const both = [first, second];

interface Where {
  readonly topic: string;
  readonly partition: number;
}

/** What the store was told, as `partition:offset`; each call does what `answer` says. */
function passedOffsets(answer: (partition: number) => Promise<void> = async () => undefined) {
  const stored: string[] = [];
  const store = {
    read: async () => null,
    topicId: async () => null,
    keepTopicId: async () => undefined,
    set: async () => undefined,
    advance: async (_: string, partition: number, next: bigint) => {
      await answer(partition);
      stored.push(`${partition}:${next}`);
    },
  };
  return { stored, passed: new PassedOffsets(store, createLogger('test', { level: 'silent' })) };
}

test('what came alone is stored once, the newest of each partition', async () => {
  const { passed, stored } = passedOffsets();
  passed.note(first, 5n);
  passed.note(first, 6n);
  passed.note(second, 9n);
  await passed.store(both);
  await passed.store(both);
  expect(stored).toEqual(['0:6', '1:9']);
});

test('nothing is stored for a partition whose records follow, that is another member’s, or of an older assignment', async () => {
  const { passed, stored } = passedOffsets();
  passed.note(first, 5n);
  await passed.overtaken(first);
  await passed.store(both);
  passed.note(second, 9n);
  await passed.store([first]);
  expect(stored).toEqual([]);
  passed.clear();
  await passed.store(both);
  expect(stored).toEqual([]);
});

test('records are applied only when no offset is on its way', async () => {
  const asked = Promise.withResolvers<void>();
  const answer = Promise.withResolvers<void>();
  const { passed, stored } = passedOffsets(() => {
    asked.resolve();
    return answer.promise;
  });
  passed.note(first, 5n);
  const order: string[] = [];
  const storing = passed.store(both).then(() => order.push('stored'));
  await asked.promise;
  const applying = passed.overtaken(first).then(() => order.push('applied'));
  answer.resolve();
  await Promise.all([storing, applying]);
  expect([stored, order]).toEqual([['0:5'], ['stored', 'applied']]);
});

test('a store that was away gets it the next time; an offset that another worker has moved is left alone', async () => {
  let away = true;
  const { passed, stored } = passedOffsets(async (partition) => {
    if (away) throw failure('SINK_UNEXPECTED');
    if (partition === 0) throw failure('TARGET_OFFSET_MOVED');
  });
  passed.note(first, 5n);
  passed.note(second, 9n);
  await passed.store(both);
  expect(stored).toEqual([]);
  away = false;
  await passed.store(both);
  expect(stored).toEqual(['1:9']);
});
