import { expect, test } from 'vitest';
import { show, tableText } from '../../src/operator/screen.ts';

function captured(format: 'json' | 'table', rows: readonly (readonly string[])[]): string {
  let text = '';
  const output = { write: (part: string) => (text += part) };
  show({ format, output, say: () => undefined }, { rows: rows.length }, ['A', 'B'], rows);
  return text;
}

test('a table is as wide as its cells; what is missing is a dash', () => {
  expect(
    tableText(
      ['ID', 'KEY'],
      [
        ['orders-0-12', '{"id":1}'],
        ['x', null],
      ],
    ),
  ).toBe('ID           KEY\norders-0-12  {"id":1}\nx            -\n');
});

test('control characters of a key do not reach the terminal', () => {
  expect(tableText(['KEY'], [['a\u001b[2Jb\n']])).toBe('KEY\na.[2Jb.\n');
});

test('JSON is one document, a table without rows is nothing', () => {
  expect(JSON.parse(captured('json', []))).toEqual({ rows: 0 });
  expect(captured('table', [])).toBe('');
  expect(captured('table', [['1', '2']])).toBe('A  B\n1  2\n');
});
