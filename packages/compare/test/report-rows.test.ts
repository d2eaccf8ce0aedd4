import { expect, test } from 'vitest';
import { columnKind } from '../src/column-kinds.ts';
import type { ComparedTable } from '../src/compared-table.ts';
import { readReport, rowKeyOf, suspectOf } from '../src/repair/report-rows.ts';
import type { SinkTable } from '../src/sink-table.ts';

const REPORT = {
  report: 'compare',
  version: 3,
  sluice: '0.1.0',
  pipeline: 'shop',
  startedAt: '2026-11-29T08:00:00.000Z',
  endedAt: '2026-11-29T08:01:00.000Z',
  offline: false,
  position: { file: 'binlog.000002', position: 4711, gtidSet: null },
  schemas: { 'shop.orders': '0010000020000004711' },
  scope: { where: null, keys: null, sample: null },
  result: 'different',
  rows: 1,
  tables: [],
  differences: [
    {
      sink: 'redis',
      table: 'shop.orders',
      kind: 'missing',
      place: 'shop.orders:1',
      key: { id: '1' },
      columns: [],
    },
  ],
  notSettled: [],
  unlisted: 0,
};

test('a report is read as JSON and as lines', () => {
  const { tables: _tables, differences, notSettled: _notSettled, ...head } = REPORT;
  const lines = [{ type: 'report', ...head }, ...differences.map((row) => ({ type: 'difference', ...row }))];
  expect(readReport(JSON.stringify(REPORT, null, 2))).toEqual(REPORT);
  expect(readReport(lines.map((line) => `${JSON.stringify(line)}\n`).join(''))).toEqual(REPORT);
  // Reports of before do not tell what they were asked for.
  const told = { ...REPORT, asked: { tables: ['shop.orders'], sinks: [] } };
  expect(readReport(JSON.stringify(told))).toEqual(told);
});

test.each([
  ['no report', 'nonsense', 'it is no report of sluice compare'],
  ['another document', '{"a": 1}', 'it is no report of sluice compare'],
  ['null', 'null', 'it is no report of sluice compare'],
  [
    'another version',
    JSON.stringify({ ...REPORT, version: 7 }),
    'of version 7, and this command reads version 3',
  ],
  ['a changed one', JSON.stringify({ ...REPORT, rows: -1 }), 'it was changed by hand: wrong at rows'],
])('%s is refused', (_, text, message) => {
  expect(() => readReport(text)).toThrow(message);
});

const TABLE: ComparedTable = {
  database: 'shop',
  table: 'lines',
  columns: ['bigint', 'varchar', 'float'].map((type, at) => ({
    name: `c${at}`,
    kind: columnKind(type),
    generated: false,
  })),
  key: [1, 0, 2],
};
const ROWS = { identity: (values: readonly (string | undefined)[]) => values.join('|') } as SinkTable;
const row = (key: Record<string, string> | null, place: string) => ({
  sink: 'redis',
  table: 'shop.lines',
  kind: 'missing' as const,
  place,
  key,
  columns: [],
});

test('a row of a report is asked for by its key again', () => {
  const key = { c0: '"9223372036854775807"', c1: '"it\'s"', c2: '1e-1' };
  const place = `${key.c0}|${key.c1}|${key.c2}`;
  expect(suspectOf(TABLE, ROWS, row(key, place))).toMatchObject({
    identity: place,
    row: { keyLiterals: ["'it\\'s'", '9223372036854775807', '0.10000000149011612'] },
  });
  expect(rowKeyOf(TABLE, Object.values(key))).toBe('{"c1":"it\'s","c0":"9223372036854775807","c2":0.1}');
});

test.each([
  ['no key', row(null, 'x'), 'does not tell its key'],
  ['another key', row({ c0: '1' }, 'x'), 'other columns than the report says'],
  ['another place', row({ c0: '1', c1: '"a"', c2: '1' }, 'x'), 'calls the row otherwise'],
  [
    'SQL for a number',
    row({ c0: '"1 OR 1"', c1: '"a"', c2: '1' }, '"1 OR 1"|"a"|1'),
    'is no value of its key columns',
  ],
  [
    'two values in one',
    row({ c0: '1,"c9":2', c1: '"a"', c2: '1' }, '1,"c9":2|"a"|1'),
    'is no value of its key',
  ],
  ['no JSON', row({ c0: '1', c1: "a'", c2: '1' }, "1|a'|1"), 'is no value of its key columns'],
])('a row with %s is not asked for', (_, reported, why) => {
  expect(suspectOf(TABLE, ROWS, reported)).toContain(why);
});
