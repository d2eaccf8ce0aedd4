import { expect, test } from 'vitest';
import { withoutLastDrops, withWholePaths } from './run-file.ts';

test('what a file made stays to be compared, drops in its middle are its own', () => {
  const file = [
    'create table t1 (a int);',
    'drop table t1;',
    'create table t2 (a int);',
    '# end',
    '--connection master',
    'SET @@global.binlog_format = DEFAULT;',
    'drop table t2;',
    '',
  ];
  expect(withoutLastDrops(file.join('\n'))).toBe(`${file.slice(0, 3).join('\n')}\n`);
});

test('a file that only tidies up becomes empty', () => {
  expect(withoutLastDrops('--echo end\nDROP VIEW v;\n--source include/rpl_end.inc\n')).toBe('');
});

test('what the suite has elsewhere is work of the file', () => {
  const file = 'let $engine= InnoDB;\n--source suite/parts/inc/partition.inc\n';
  expect(withoutLastDrops(file)).toBe(file);
});

test('what a file includes from its folder is found, what comes from the suite stays', () => {
  const text =
    '--source run-file.ts\nsource run-file.ts;\n--source include/have_innodb.inc\nselect source from t;\n';
  const folder = import.meta.dirname;
  expect(withWholePaths(text, ['/nowhere', folder])).toBe(
    `--source ${folder}/run-file.ts\nsource ${folder}/run-file.ts;\n--source include/have_innodb.inc\nselect source from t;\n`,
  );
});
