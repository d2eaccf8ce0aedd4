import { expect, test } from 'vitest';
import { LookedAt } from '../src/looked-at.ts';

const place = (topic: string, partition: number) => ({ topic, partition });

test('a partition is looked at when it is the own one and a batch of it was handled, until the next assignment', () => {
  const looked = new LookedAt();
  looked.restart([place('a', 0), place('a', 1), place('b', 0)]);
  expect(looked.of('a')).toEqual([]);
  looked.note('a/1');
  looked.note('a/2'); // another's by now
  expect([looked.of('a'), looked.of('b')]).toEqual([[place('a', 1)], []]);
  looked.restart([place('a', 1)]);
  expect(looked.of('a')).toEqual([]);
});

test('records that are not looked at for now make it open again, and a group that is left everything', () => {
  const looked = new LookedAt();
  looked.restart([place('a', 0), place('a', 1)]);
  looked.note('a/0');
  looked.note('a/1');
  looked.passOver('a/0');
  expect(looked.of('a')).toEqual([place('a', 1)]);
  looked.forget();
  expect(looked.of('a')).toEqual([]);
});
