import { expect, test } from 'vitest';
import { eventually } from '../eventually.ts';
import { SequenceWatch } from './sequence-watch.ts';
import type { StoredRow, StoreView } from './store-views.ts';

/** A store that answers one after the other; the last again and again. */
function storeThatSays(...answers: readonly (string | Error)[]): StoreView {
  let next = 0;
  return {
    read: async () => {
      const answer = answers[Math.min(next++, answers.length - 1)] ?? '';
      if (answer instanceof Error) throw answer;
      return new Map<number, StoredRow>([[1, { sequence: answer, isThere: true }]]);
    },
    close: async () => undefined,
  };
}

test('tells of a row that became older, in the store where it did', async () => {
  const views = {
    redis: storeThatSays('1', '2', '2'),
    elasticsearch: storeThatSays('3', new Error('away'), '2'),
    mysql: storeThatSays(new Error('away')),
  };
  const watch = new SequenceWatch(views, 'item', [1], { redis: 0, elasticsearch: 0, mysql: 0 });
  await eventually('some looks', () => watch.looks.redis > 2 && watch.looks.elasticsearch > 1);
  await watch.stop();
  expect([...new Set(watch.falls)]).toEqual(['elasticsearch item 1: 2 after 3']);
  expect(watch.looks.mysql).toBe(0);
});

test('a store that was emptied begins anew', async () => {
  const away = storeThatSays(new Error('away'));
  const lives = { redis: 0, elasticsearch: 0, mysql: 0 };
  let sequence = '9';
  const rows = () => new Map<number, StoredRow>([[1, { sequence, isThere: true }]]);
  const redis: StoreView = { read: async () => rows(), close: async () => undefined };
  const views = { redis, elasticsearch: away, mysql: away };
  const watch = new SequenceWatch(views, 'item', [1], lives);
  await eventually('the first look', () => watch.looks.redis > 0);
  [lives.redis, sequence] = [1, '1'];
  const before = watch.looks.redis;
  await eventually('another look', () => watch.looks.redis > before + 1);
  await watch.stop();
  expect(watch.falls).toEqual([]);
});
