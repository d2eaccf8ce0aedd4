import { createLogger } from '@sluice/runtime';
import { expect, test } from 'vitest';
import type { RefusedTable } from '../../src/preflight/refused-tables.ts';
import { RefusalNews } from '../../src/session/refusal-news.ts';

test('a table is told of once in all lives, and again when something else is wrong or it was mended meanwhile', () => {
  const codes: string[] = [];
  const lines: string[] = [];
  const log = createLogger('test', { level: 'warn' }, { write: (line) => void lines.push(line) });
  const news = new RefusalNews({ refused: (code) => void codes.push(code) }, log);
  const keyless: RefusedTable = { id: 'shop.heap', code: 'TABLE_WITHOUT_KEY', why: 'no key' };
  const hidden: RefusedTable = { id: 'shop.secret', code: 'TABLE_HIDDEN', why: 'no SELECT' };
  news.begin([keyless]);
  news.say(hidden);
  news.begin([keyless, hidden]);
  expect(codes).toEqual(['TABLE_WITHOUT_KEY', 'TABLE_HIDDEN']);
  news.begin([{ ...keyless, why: 'no key that can be used' }]);
  news.begin([keyless, hidden]);
  expect(codes.slice(2)).toEqual(['TABLE_WITHOUT_KEY', 'TABLE_WITHOUT_KEY', 'TABLE_HIDDEN']);
  news.over('shop.heap');
  news.say(keyless);
  news.say(hidden);
  expect(codes.slice(5)).toEqual(['TABLE_WITHOUT_KEY']);
  expect(lines).toHaveLength(6);
});
