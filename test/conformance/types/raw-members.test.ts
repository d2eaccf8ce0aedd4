import { expect, test } from 'vitest';
import { rawMembers } from './raw-members.ts';

test('values are given as they are written', () => {
  const text = '{"a":1.50,"b \\"c":"x,}\\\\","d":{"e":[1,{"f":"]"}]},"g":null,"h":[]}';
  expect([...rawMembers(text)]).toEqual([
    ['a', '1.50'],
    ['b "c', '"x,}\\\\"'],
    ['d', '{"e":[1,{"f":"]"}]}'],
    ['g', 'null'],
    ['h', '[]'],
  ]);
  expect([...rawMembers('{}')]).toEqual([]);
  expect(() => rawMembers('{"a":1')).toThrow(SyntaxError);
});
