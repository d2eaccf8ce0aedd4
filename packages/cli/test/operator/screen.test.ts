import { expect, test } from 'vitest';
import { printableScreen, show, tableText } from '../../src/operator/screen.ts';

function captured(format: 'json' | 'table', rows: readonly (readonly string[])[]): string {
  let text = '';
  const output = { write: (part: string) => (text += part) };
  const ignored = (): void => undefined;
  show({ format, output, say: ignored, clear: ignored }, { rows: rows.length }, ['A', 'B'], rows);
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
  expect(tableText(['KEY'], [['a\u001b[2Jb\n']])).toBe('KEY\na\\u{1b}[2Jb\\u{a}\n');
});

test('no command can write to the terminal what a name holds', () => {
  const told: string[] = [];
  const tell = (text: string): void => void told.push(text);
  const table = printableScreen({
    format: 'table',
    output: { write: tell },
    say: tell,
    clear: () => undefined,
  });
  table.output.write('table shop.x\u001b]0;owned\u0007\n');
  table.say('warning: \u202eshop');
  const json = printableScreen({
    format: 'json',
    output: { write: tell },
    say: tell,
    clear: () => undefined,
  });
  show(json, { table: 'x\u009b2J' }, [], []);
  expect(told).toEqual([
    'table shop.x\\u{1b}]0;owned\\u{7}\n',
    'warning: \\u{202e}shop',
    '{\n  "table": "x\\u009b2J"\n}\n',
  ]);
});

test('JSON is one document, a table without rows is nothing', () => {
  expect(JSON.parse(captured('json', []))).toEqual({ rows: 0 });
  expect(captured('table', [])).toBe('');
  expect(captured('table', [['1', '2']])).toBe('A  B\n1  2\n');
});
