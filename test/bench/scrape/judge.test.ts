import { expect, test } from 'vitest';
import { judge } from './judge.ts';

const plain = [10, 10.1, 9.9, 10, 10.2];

test.each([
  ['as cheap as without', [10, 10.1, 9.9, 10, 10.1], 1000, 0, false],
  ['3 % dearer', [10.3, 10.4, 10.2, 10.3, 10.5], 1000, 0.03, true],
  ['3 % dearer at ten scrapes a second', [10.3, 10.4, 10.2, 10.3, 10.5], 100, 0.003, false],
  ['3 % dearer, where runs of a kind differ by more', [10.3, 9, 11.8, 9.2, 11], 1000, 0.03, false],
])('%s', (_what, scraped, scrapeMs, dearer, isTooDear) => {
  const judged = judge({ plain, scraped }, scrapeMs, 0.02);
  expect(judged.dearer).toBeCloseTo(dearer, 6);
  expect(judged.isTooDear).toBe(isTooDear);
});
