import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';
import { LongestFirst } from './test/runner/longest-first.ts';

/** Suites that need real servers, recognised by the suffix of their files; everything else is a unit test. */
const serverSuites = [
  '**/*.conformance.test.ts',
  '**/*.integration.test.ts',
  '**/*.e2e.test.ts',
  '**/*.values.test.ts',
];
const isShort = process.env['SLUICE_VALUES_SHORT'] === '1';
const ignored = ['**/node_modules/**', '**/.local-stack/**'];

/** Server suites share one set of servers, started as files name them: few files at a time, generous times. */
const onServers = {
  globalSetup: ['test/runner/global-setup.ts'],
  maxWorkers: 2,
  // To load the harness and its clients anew took each file 2.6 s of a processor; files keep to servers' names of their own.
  isolate: false,
  testTimeout: 120_000,
  hookTimeout: 300_000,
  // kafkajs waits for times that have passed already (its issue 1751); Node says so, of nothing that is wrong.
  execArgv: ['--disable-warning=TimeoutNegativeWarning'],
};
const withPrograms = [...onServers.globalSetup, 'test/runner/programs-setup.ts'];

export default defineConfig({
  test: {
    teardownTimeout: 60_000,
    passWithNoTests: true,
    sequence: { sequencer: LongestFirst },
    projects: [
      {
        test: {
          name: 'unit',
          include: ['{packages,services}/*/test/**/*.test.ts', 'test/**/*.test.ts'],
          exclude: [...ignored, ...serverSuites],
          testTimeout: 20_000,
          // By default one processor is left free.
          maxWorkers: availableParallelism(),
          // Unit tests have no state in common: to load the modules anew for each file took two thirds of their time.
          isolate: false,
          sequence: { groupOrder: 0 },
        },
      },
      {
        test: {
          name: 'conformance',
          include: [
            '{packages,services,test}/**/*.conformance.test.ts',
            '{packages,services,test}/**/*.integration.test.ts',
          ],
          exclude: ignored,
          ...onServers,
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          name: 'e2e',
          include: ['test/e2e/**/*.e2e.test.ts'],
          exclude: ignored,
          ...onServers,
          globalSetup: withPrograms,
          // Two leave a third of two processors idle while they wait.
          maxWorkers: 3,
          testTimeout: 240_000,
          sequence: { groupOrder: 2 },
        },
      },
      {
        test: {
          name: 'values',
          // The short form of every run is of the table of types alone.
          include: [isShort ? 'test/**/*.values.test.ts' : '{packages,test}/**/*.values.test.ts'],
          exclude: ignored,
          ...onServers,
          globalSetup: withPrograms,
          sequence: { groupOrder: 3 },
        },
      },
    ],
  },
});
