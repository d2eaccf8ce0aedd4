import { expect, test } from 'vitest';
import { addTallies, nothing, summaryLine, tallyFaults, tallyVitest, type VitestReport } from './tally.ts';

const file = (status: string, ...tests: string[]): VitestReport['testResults'][number] => ({
  name: 'some.test.ts',
  status,
  message: 'cannot be loaded\n  at line 1',
  assertionResults: tests.map((each, place) => ({
    status: each,
    fullName: `test ${place}`,
    failureMessages: each === 'failed' ? ['1 is not 2\n  at line 3'] : [],
  })),
});

test('counts tests by what became of them', () => {
  const report = {
    testResults: [file('passed', 'passed', 'skipped'), file('failed', 'failed', 'passed', 'todo')],
  };
  const failures = ['some.test.ts: test 0: 1 is not 2'];
  expect(tallyVitest(report, 1)).toEqual({ passed: 2, failed: 1, skipped: 2, failures });
});

test('a file that could not be loaded is a failure', () => {
  const failures = ['some.test.ts: cannot be loaded'];
  expect(tallyVitest({ testResults: [file('failed')] }, 1)).toEqual({
    passed: 0,
    failed: 1,
    skipped: 0,
    failures,
  });
});

test('a bad exit is a failure though every test passed', () => {
  expect(tallyVitest({ testResults: [file('passed', 'passed')] }, 1)).toEqual({
    passed: 1,
    failed: 1,
    skipped: 0,
    failures: ['it ended badly though every test passed'],
  });
  expect(tallyVitest({ testResults: [file('passed', 'passed')] }, null).failed).toBe(1);
});

test('a run that left no report is a failure', () => {
  const failures = ['it left no report'];
  expect(tallyVitest(null, 0)).toEqual({ passed: 0, failed: 1, skipped: 0, failures });
});

test('faults are counted as their runner says, if it ended well', () => {
  const failures = ['1 of the fault cases'];
  expect(tallyFaults({ passed: 12, failed: 0 }, 0)).toEqual({ ...nothing, passed: 12 });
  expect(tallyFaults({ passed: 12, failed: 1 }, 1)).toEqual({ passed: 12, failed: 1, skipped: 0, failures });
  expect(tallyFaults({ passed: 12, failed: 0 }, null)).toEqual({
    ...nothing,
    passed: 12,
    failed: 1,
    failures,
  });
  expect(tallyFaults(null, 0)).toEqual({ ...nothing, failed: 1, failures });
});

test('the last line names skipped tests only where there are some', () => {
  expect(summaryLine({ ...nothing, passed: 12 })).toBe('12 passed, 0 failed');
  expect(summaryLine({ ...nothing, passed: 1, failed: 2, skipped: 3 })).toBe('1 passed, 2 failed, 3 skipped');
});

test('tallies add up field by field', () => {
  const some = { passed: 1, failed: 2, skipped: 3, failures: ['a', 'b'] };
  const more = { passed: 10, failed: 1, skipped: 30, failures: ['c'] };
  expect(addTallies(some, more)).toEqual({
    passed: 11,
    failed: 3,
    skipped: 33,
    failures: ['a', 'b', 'c'],
  });
});
