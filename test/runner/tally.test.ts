import { expect, test } from 'vitest';
import { addTallies, summaryLine, tallyFaults, tallyVitest } from './tally.ts';

const file = (
  status: string,
  ...tests: string[]
): { status: string; assertionResults: { status: string }[] } => ({
  status,
  assertionResults: tests.map((each) => ({ status: each })),
});

test('counts tests by what became of them', () => {
  const report = {
    testResults: [file('passed', 'passed', 'skipped'), file('failed', 'failed', 'passed', 'todo')],
  };
  expect(tallyVitest(report, 1)).toEqual({ passed: 2, failed: 1, skipped: 2 });
});

test('a file that could not be loaded is a failure', () => {
  expect(tallyVitest({ testResults: [file('failed')] }, 1)).toEqual({ passed: 0, failed: 1, skipped: 0 });
});

test('a bad exit is a failure though every test passed', () => {
  expect(tallyVitest({ testResults: [file('passed', 'passed')] }, 1)).toEqual({
    passed: 1,
    failed: 1,
    skipped: 0,
  });
  expect(tallyVitest({ testResults: [file('passed', 'passed')] }, null).failed).toBe(1);
});

test('a run that left no report is a failure', () => {
  expect(tallyVitest(null, 0)).toEqual({ passed: 0, failed: 1, skipped: 0 });
});

test('faults are counted as their runner says, if it ended well', () => {
  expect(tallyFaults({ passed: 12, failed: 1 }, 1)).toEqual({ passed: 12, failed: 1, skipped: 0 });
  expect(tallyFaults({ passed: 12, failed: 0 }, null)).toEqual({ passed: 12, failed: 1, skipped: 0 });
  expect(tallyFaults(null, 0)).toEqual({ passed: 0, failed: 1, skipped: 0 });
});

test('the last line names skipped tests only where there are some', () => {
  expect(summaryLine({ passed: 12, failed: 0, skipped: 0 })).toBe('12 passed, 0 failed');
  expect(summaryLine({ passed: 1, failed: 2, skipped: 3 })).toBe('1 passed, 2 failed, 3 skipped');
});

test('tallies add up field by field', () => {
  expect(addTallies({ passed: 1, failed: 2, skipped: 3 }, { passed: 10, failed: 20, skipped: 30 })).toEqual({
    passed: 11,
    failed: 22,
    skipped: 33,
  });
});
