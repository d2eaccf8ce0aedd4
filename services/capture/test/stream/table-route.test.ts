import { expect, test } from 'vitest';
import { ChunkRecorder } from '../../src/stream/table-route.ts';

test('a row of a chunk is current unless the stream has had its key, before or after the chunk was read', () => {
  const recorder = new ChunkRecorder();
  recorder.note('before');
  recorder.note('elsewhere');
  recorder.compareWith(['before', 'after', 'untouched']);
  expect(recorder.isCurrent('after')).toBe(true);
  recorder.note('after');
  recorder.note('another');
  expect(['before', 'after', 'untouched', 'another'].map((key) => recorder.isCurrent(key))).toEqual([
    false,
    false,
    true,
    false,
  ]);
});

test('nothing is current before there is a chunk', () => {
  expect(new ChunkRecorder().isCurrent('a')).toBe(false);
});
