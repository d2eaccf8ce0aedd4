import { expect, test } from 'vitest';
import { logTail } from '../src/log-tail.ts';

const START = Array.from({ length: 20 }, (_, line) => `2026-11-30  5:27:40 0 [Note] line ${line}`);

test('the last lines of a server that ended in order', () => {
  expect(logTail(`${START.join('\n')}\n`)).toBe(START.slice(-12).join('\n'));
});

test.each([
  ['MariaDB', '261130  5:27:46 [ERROR] mariadbd got signal 11 ;'],
  ['MySQL', '2026-11-30T05:27:48Z UTC - mysqld got signal 11 ;'],
])('what %s tells of its crash, without the limits of its process', (_, head) => {
  const report = [
    head,
    'Attempting backtrace.',
    'mariadbd(handle_fatal_signal+0x239)',
    'Query (0x7f): SELECT 1',
  ];
  const limits = ['Resource Limits (excludes unlimited resources):', 'Max processes  96365'];
  expect(logTail([...START, ...report, '', ...limits].join('\n'))).toBe(report.join('\n'));
});

test('no more than 80 lines of it', () => {
  const report = ['mysqld got signal 6 ;', ...Array.from({ length: 100 }, (_, line) => `frame ${line}`)];
  expect(logTail(report.join('\n')).split('\n')).toHaveLength(80);
});
