import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { expectNoIndex, expectWhole, type ShardsTold } from '../src/whole-answers.ts';

const shards = (successful: unknown, failed: unknown): ShardsTold => ({
  _shards: { total: 2, successful, failed },
});
const digits = (text: string): object => ({ text });

test.each<[string, ShardsTold]>([
  ['1 of 2 shards have answered', shards(1, 1)],
  ['1 of 2 shards have answered', shards(1, 0)],
  [
    '1 of 2 shards have answered',
    { _shards: { total: digits('2'), successful: digits('1'), failed: digits('1') } },
  ],
  ['1 shards have failed', { _shards: { failed: 1 } }],
  ['timed out', { ...shards(2, 0), timed_out: true }],
])('an answer is none where it says: %s', (message, answer) => {
  expect(() => expectWhole('shop.orders', answer)).toThrow(
    expect.objectContaining({ code: 'ELASTICSEARCH_UNAVAILABLE', message: `shop.orders: ${message}` }),
  );
});

test('an answer of all shards is whole, and one that tells of none', () => {
  expectWhole('shop.orders', { ...shards(2, 0), timed_out: false });
  expectWhole('shop.orders', {});
});

test('a document of an index that is not there is not there', () => {
  expectNoIndex('shop.orders', { type: 'index_not_found_exception' });
  expect(() => expectNoIndex('shop.orders', { type: 'no_shard_available_action_exception' })).toThrow(
    'the shard of a document has not answered',
  );
});

test('nothing else of this sink asks many shards at once', async () => {
  const folder = join(import.meta.dirname, '../src');
  const asking: string[] = [];
  for (const file of await readdir(folder)) {
    const text = await readFile(join(folder, file), 'utf8');
    if (/lient\.(search|count|mget|scroll|msearch|reindex|\w+ByQuery|indices\.refresh)\b/.test(text))
      asking.push(file);
    // What is read digit for digit has to be looked at there.
    if (/\/_(search|count|mget|refresh)\b/.test(text) && !/expectWhole|expectNoIndex/.test(text))
      asking.push(file);
  }
  expect(asking).toEqual(['demo.ts', 'whole-answers.ts']);
});
