import { expect, test } from 'vitest';
import { KnownTopics } from '../../src/catalog/known-topics.ts';

test('a topic that was made again is known by its id, until it is forgotten', () => {
  const topics = new KnownTopics();
  const first = new Map([
    ['a', '1'],
    ['b', '2'],
    ['strange', '9'],
  ]);
  expect(topics.replaced(first)).toEqual([]);
  topics.learn(['a', 'b', 'later'], first);
  const second = new Map([
    ['a', '1'],
    ['b', '3'],
    ['later', '4'],
    ['strange', '8'],
  ]);
  expect(topics.replaced(second)).toEqual(['b']);
  topics.learn(['a', 'b', 'later'], second);
  expect(topics.replaced(second)).toEqual(['b']);
  expect(topics.replaced(new Map([['a', '1']]))).toEqual([]);
  topics.forget(['b']);
  topics.learn(['a', 'b', 'later'], second);
  expect(topics.replaced(second)).toEqual([]);
  expect(topics.replaced(new Map([['later', '5']]))).toEqual(['later']);
});
