import { expect, test } from 'vitest';
import { diskProblems, retentionProblem } from '../../src/preflight/source-health.ts';

const retention = (variables: Readonly<Record<string, string>>) =>
  retentionProblem(new Map(Object.entries(variables)))?.found ?? null;

test('a binlog that is kept for less than a day is a problem, one that is kept for ever is none', () => {
  expect(retention({ binlog_expire_logs_seconds: '3600', expire_logs_days: '0' })).toBe('3600 s');
  expect(retention({ binlog_expire_logs_seconds: '604800' })).toBeNull();
  expect(retention({ binlog_expire_logs_seconds: '0', expire_logs_days: '0' })).toBeNull();
  expect(retention({ expire_logs_days: '7' })).toBeNull();
  expect(retention({})).toBeNull();
});

test('a disk with less than a tenth free', () => {
  const disk = (path: string, totalKiB: number, availableKiB: number) => ({ path, totalKiB, availableKiB });
  const found = diskProblems([disk('/a', 1000, 99), disk('/b', 1000, 100), disk('/proc', 0, 0)]);
  expect(found.map(({ setting, found: free }) => [setting, free])).toEqual([
    ['disk of the source, /a', '9 % free'],
  ]);
});
