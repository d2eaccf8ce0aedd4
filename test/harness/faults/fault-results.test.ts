import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import {
  measuredList,
  readResults,
  resultsTable,
  serversList,
  writeResults,
  type FaultResult,
} from './fault-results.ts';

const passed: FaultResult = {
  recoverySeconds: 2.345,
  problems: [],
  figures: ['100 rows'],
  seed: 7,
  passed: true,
  times: 3,
  date: '2026-11-21T16:00:00.000Z',
  commit: 'abc123',
};

test('results are read as they were written; none are there before', () => {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-results-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'results.json');
  expect(readResults(path)).toEqual({});
  writeResults(path, { 'broker-killed': passed });
  expect(readResults(path)).toEqual({ 'broker-killed': passed });
});

test('the table has a line for every case, whether it ran or not', () => {
  const cases = [
    { name: 'a', title: 'it breaks', recoverySeconds: 30, inEveryRun: true },
    { name: 'b', title: 'it hangs', recoverySeconds: 5 },
    { name: 'c', title: 'it lies', recoverySeconds: 5 },
  ];
  const failed = { ...passed, passed: false, recoverySeconds: null, times: 1, seed: 8, commit: null };
  expect(resultsTable(cases, { a: passed, b: failed }).split('\n')).toEqual([
    '| case  | what happens | seed | result         | recovery (bound) | date       | commit   |',
    '| ----- | ------------ | ---- | -------------- | ---------------- | ---------- | -------- |',
    '| `a` • | it breaks    | 7    | passed 3 times | 2.3 s (30 s)     | 2026-11-21 | `abc123` |',
    '| `b`   | it hangs     | 8    | failed         | – (5 s)          | 2026-11-21 | –        |',
    '| `c`   | it lies      |      | not run yet    | (5 s)            |            |          |',
  ]);
});

test('each set of servers is listed once, of those that are known', () => {
  const cases = [{ name: 'a' }, { name: 'b' }, { name: 'c' }, { name: 'd' }];
  const with9 = { ...passed, servers: 'MySQL 9.7.4' };
  expect(serversList(cases, { a: with9, b: passed, d: with9 })).toBe('- MySQL 9.7.4: 2 cases');
});

test('what a case has measured is listed under its name', () => {
  const cases = [{ name: 'a' }, { name: 'b' }, { name: 'c' }];
  expect(measuredList(cases, { a: passed, b: { ...passed, figures: [] } })).toBe('- `a`: 100 rows');
});
