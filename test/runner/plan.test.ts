import { expect, test } from 'vitest';
import { planOf } from './plan.ts';

test('without arguments everything runs', () => {
  expect(planOf([])).toEqual({
    checks: ['format', 'lint', 'typecheck'],
    suites: ['unit', 'conformance', 'e2e'],
    vitestArgs: [],
  });
});

test('named steps run alone, in the order of the runner', () => {
  expect(planOf(['unit', 'lint'])).toEqual({ checks: ['lint'], suites: ['unit'], vitestArgs: [] });
});

test('the long suite runs only when it is named', () => {
  expect(planOf(['values'])).toEqual({ checks: [], suites: ['values'], vitestArgs: [] });
});

test('what follows the names goes to vitest', () => {
  expect(planOf(['e2e', '-t', 'unit'])).toEqual({ checks: [], suites: ['e2e'], vitestArgs: ['-t', 'unit'] });
});

test('a filter alone skips the checks', () => {
  expect(planOf(['murmur2'])).toEqual({
    checks: [],
    suites: ['unit', 'conformance', 'e2e'],
    vitestArgs: ['murmur2'],
  });
});
