import { expect, test } from 'vitest';
import { printable, printableJson, printableLine } from '../src/printable.ts';

const NASTY = 'a\u001b[31m\u009b2J\u202eb\u2028\u{e0001}\u200d\nc\té';

test('what would move the cursor or turn the text is shown as its number', () => {
  expect(printable(NASTY)).toBe('a\\u{1b}[31m\\u{9b}2J\\u{202e}b\\u{2028}\\u{e0001}\\u{200d}\nc\\u{9}é');
  expect(printableLine('a\nb')).toBe('a\\u{a}b');
});

test('JSON stays what it says', () => {
  const json = JSON.stringify({ name: NASTY }, null, 2);
  expect(JSON.parse(printableJson(json))).toEqual({ name: NASTY });
  expect(printableJson(json)).toMatch(/^[\n\x20-\x7eé]*$/u);
});
