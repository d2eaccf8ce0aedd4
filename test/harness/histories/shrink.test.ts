import { expect, test } from 'vitest';
import { shrink } from './shrink.ts';

type Numbers = readonly number[];
const LIST = Array.from({ length: 40 }, (_, index) => index);
/** Fails while both are in it. */
const needs =
  (...wanted: Numbers) =>
  (candidates: readonly Numbers[]): Promise<boolean[]> =>
    Promise.resolve(candidates.map((list) => wanted.every((each) => list.includes(each))));

test('what is not needed goes, whatever lies between', async () => {
  expect(await shrink(LIST, needs(3, 31), 100)).toEqual([3, 31]);
});

test('the number of questions has an end', async () => {
  let asked = 0;
  const counting = (candidates: readonly Numbers[]): Promise<boolean[]> => {
    asked++;
    return needs(3, 31)(candidates);
  };
  const found = await shrink(LIST, counting, 3);
  expect(asked).toBe(3);
  expect(found).toContain(31);
  expect(found.length).toBeLessThan(LIST.length);
});
