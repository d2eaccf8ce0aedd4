import { expect, test } from 'vitest';
import { decidedText } from '../../src/orphans/conflict.ts';
import { readDecisions } from '../../src/orphans/decisions.ts';

const conflict = {
  database: 'shop',
  table: 'item',
  key: { id: '18446744073709551615' },
  gtids: ['0-1-5'],
  before: null,
  after: { id: '18446744073709551615', weight: 1e-7 },
  present: { id: '18446744073709551615', weight: 0.1 },
  why: 'the row is neither what the orphans found nor what they left',
};
const line = (decision: unknown, more: object = {}): string =>
  JSON.stringify({ ...conflict, ...more, decision });

test('a decision is about a row as it was listed', () => {
  const decisions = readDecisions(`${line('theirs')}\n\n${line('ours', { present: null })}\n`);
  expect(decisions.get(decidedText(conflict))).toEqual({ choice: 'theirs', why: conflict.why });
  expect(decisions.get(decidedText({ ...conflict, present: null }))?.choice).toBe('ours');
  expect(decisions.get(decidedText({ ...conflict, present: { ...conflict.present, weight: 0.2 } }))).toBe(
    undefined,
  );
});

test('one without a decision is still open', () => {
  expect(readDecisions(line(null)).size).toBe(0);
});

test.each([line('mine'), line(undefined), '{', '[]'])('%s is refused with its line', (text) => {
  expect(() => readDecisions(`${line('skip')}\n${text}`)).toThrow('line 2 is no conflict');
});
