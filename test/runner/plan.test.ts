import { expect, test } from 'vitest';
import { phasesOf, planOf, suiteNames } from './plan.ts';

test('without arguments everything runs', () => {
  expect(planOf([])).toEqual({
    checks: ['format', 'lint', 'typecheck'],
    suites: ['unit', 'conformance', 'e2e', 'faults', 'values'],
    vitestArgs: [],
    env: { SLUICE_VALUES_SHORT: '1' },
  });
});

test('named steps run alone, in the order of the runner', () => {
  expect(planOf(['unit', 'lint'])).toEqual({ checks: ['lint'], suites: ['unit'], vitestArgs: [], env: {} });
});

test('the table of types runs in its short form unless it is named', () => {
  expect(planOf(['values'])).toEqual({ checks: [], suites: ['values'], vitestArgs: [], env: {} });
  expect(planOf(['e2e']).suites).toEqual(['e2e']);
});

test('what follows the names goes to vitest', () => {
  expect(planOf(['e2e', '-t', 'unit'])).toEqual({
    checks: [],
    suites: ['e2e'],
    vitestArgs: ['-t', 'unit'],
    env: {},
  });
});

test('a filter alone skips the checks and the faults, which vitest does not run, and the table of types', () => {
  expect(planOf(['murmur2'])).toEqual({
    checks: [],
    suites: ['unit', 'conformance', 'e2e'],
    vitestArgs: ['murmur2'],
    env: {},
  });
});

test('the number of runs and the seed of randomized tests go to them, the last ones given', () => {
  expect(planOf(['conformance', '--runs', '50', '-t', 'history', '--runs', '1000', '--seed', '7'])).toEqual({
    checks: [],
    suites: ['conformance'],
    vitestArgs: ['-t', 'history'],
    env: { SLUICE_CONFORMANCE_RUNS: '1000', SLUICE_TEST_SEED: '7' },
  });
  expect(() => planOf(['conformance', '--runs', 'many'])).toThrow('--runs needs a whole number');
  expect(planOf(['e2e', 'test/e2e/random-ddl', '--seconds', '180'])).toMatchObject({
    vitestArgs: ['test/e2e/random-ddl'],
    env: { SLUICE_DDL_SECONDS: '180' },
  });
  expect(planOf(['e2e', '--histories', '100', '--server', 'mariadb', '--without', 'xa,drops'])).toMatchObject(
    {
      env: { SLUICE_HISTORIES: '100', SLUICE_HISTORY_SERVER: 'mariadb', SLUICE_HISTORY_WITHOUT: 'xa,drops' },
    },
  );
  expect(planOf(['e2e', '--target', 'mariadb-11.8', '--target', 'mariadb-10.11'])).toMatchObject({
    env: { SLUICE_STACK_TARGET: 'mariadb-10.11' },
  });
  expect(() => planOf(['e2e', '--server', 'oracle'])).toThrow('--server needs mysql or mariadb');
});

test('suites that wait share the processors', () => {
  expect(phasesOf(suiteNames)).toEqual([[['conformance'], ['faults', 'values']], [['e2e']]]);
  expect(phasesOf(['values', 'e2e'])).toEqual([[['values']], [['e2e']]]);
  expect(suiteNames.filter((name) => name !== 'unit').sort()).toEqual(phasesOf(suiteNames).flat(2).sort());
});
