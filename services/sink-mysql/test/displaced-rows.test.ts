import { createLogger } from '@sluice/runtime';
import { expect, test } from 'vitest';
import { DisplacedRows } from '../src/displaced-rows.ts';

test('the first is told at once, more of them once a minute, each table by itself', () => {
  const lines: string[] = [];
  let now = 0;
  const log = createLogger('test', { level: 'warn' }, { write: (line) => lines.push(line) });
  const displaced = new DisplacedRows(log, () => now);
  displaced.note('`a`', 1);
  displaced.note('`a`', 2);
  displaced.note('`b`', 1);
  now = 60_000;
  displaced.note('`a`', 1);
  const told = lines.map((line) => JSON.parse(line) as { table: string; rows: number });
  expect(told.map(({ table, rows }) => [table, rows])).toEqual([
    ['`a`', 1],
    ['`b`', 1],
    ['`a`', 4],
  ]);
});
