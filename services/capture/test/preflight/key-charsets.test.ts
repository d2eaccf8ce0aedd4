import type { SluiceConfig } from '@sluice/runtime';
import { expect, test } from 'vitest';
import { sharedKeyTexts } from '../../src/preflight/key-charsets.ts';
import { columnRow, description } from '../support/descriptions.ts';

const CONFIG = { source: { keys: { 'shop.chosen': ['v'] } } } as unknown as SluiceConfig;

const text = (name: string, charset: string) =>
  columnRow(name, 'varchar(10)', { CHARACTER_SET_NAME: charset });

test.each(['big5', 'cp932', 'eucjpms', 'euckr', 'gb2312', 'gbk', 'sjis', 'ujis'])(
  'a key in %s is told of',
  (charset) => {
    const table = description({ columns: [text('id', charset), text('v', charset)] });
    expect(sharedKeyTexts(CONFIG, [table])).toEqual([
      expect.stringContaining(`the key column id of shop.orders is of ${charset}`),
    ]);
    const chosen = { ...table, table: 'chosen' };
    expect(sharedKeyTexts(CONFIG, [chosen])).toEqual([expect.stringContaining('column v of shop.chosen')]);
  },
);

test.each(['utf8mb4', 'utf8mb3', 'latin1', 'ascii'])('a key in %s is not', (charset) => {
  expect(sharedKeyTexts(CONFIG, [description({ columns: [text('id', charset)] })])).toEqual([]);
});
