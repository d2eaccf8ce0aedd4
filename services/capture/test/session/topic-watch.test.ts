import { expect, test } from 'vitest';
import { MissingTopics } from '../../src/session/topic-watch.ts';

test('a topic is missing when two looks in a row have not found it', () => {
  const missing = new MissingTopics();
  const look = (...found: string[]): readonly string[] =>
    missing.observe(['a', 'b', 'c'], (name) => found.includes(name));
  expect(look('a')).toEqual([]);
  expect(look('a', 'b')).toEqual(['c']);
  expect(look('a', 'c')).toEqual([]);
  expect(look('c', 'a', 'b')).toEqual([]);
  expect(look()).toEqual([]);
  expect(look()).toEqual(['a', 'b', 'c']);
});
