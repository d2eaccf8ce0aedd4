import { expect, test } from 'vitest';
import { withoutLastDrops } from './run-file.ts';

test('what a file made stays to be compared, drops in its middle are its own', () => {
  const file = [
    'create table t1 (a int);',
    'drop table t1;',
    'create table t2 (a int);',
    '# end',
    'drop table t2;',
    '',
  ];
  expect(withoutLastDrops(file.join('\n'))).toBe(`${file.slice(0, 3).join('\n')}\n`);
});

test('a file that only tidies up becomes empty', () => {
  expect(withoutLastDrops('--echo end\nDROP VIEW v;\n')).toBe('');
});
