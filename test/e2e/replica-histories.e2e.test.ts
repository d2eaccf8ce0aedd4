import { startStack } from '@sluice/local-stack';
import { afterAll, describe, expect, test } from 'vitest';
import type { Disturbances } from '../harness/histories/disturbance.ts';
import { runHistories } from '../harness/histories/history-run.ts';
import { ingredientsWithout, leftOut } from '../harness/histories/ingredients.ts';
import { ReplicatedSource, type Flavour } from '../harness/histories/replica.ts';
import { testScope } from '../harness/scope.ts';
import { announceSeed } from '@sluice/seeded-random';
import { testSize } from '../harness/test-size.ts';
import type { SinkName } from '../harness/pipelines/sink-pipeline.ts';

/**
 * Random schemas, sessions, transactions and DDL on a source that a replica of the same version follows too: when all is
 * quiet, source, replica and stores are equal, or a service names the table that is not.
 * `npm run test:replica -- --histories 10000 --seed N --server mariadb` for long runs, `--sinks redis,mysql,elasticsearch`
 * for all stores.
 */

const stack = await startStack({ servers: ['kafka', 'target-mysql', 'redis', 'elasticsearch'] });
afterAll(() => stack.stop());

const SHORT_HISTORIES = 6;
const HISTORIES = testSize('SLUICE_HISTORIES', SHORT_HISTORIES);
/** More at a time share what a batch waits for. */
const LANES = testSize('SLUICE_HISTORY_LANES', 32);
const LENGTH = testSize('SLUICE_HISTORY_LENGTH', 12);
const SHRUNK = 3;
/** A sink that was slow for its session joins its group again first. */
const PATIENCE_MS = 120_000;
/** `npm test` has one pair of servers; the other flavour is asked for. */
const FLAVOUR = (process.env['SLUICE_HISTORY_SERVER'] ?? 'mysql') as Flavour;
/** Of the short form, so that it tells of a change and not of its luck; long runs take another one each time. */
const SHORT_SEED = 5;
const SINKS = (process.env['SLUICE_HISTORY_SINKS'] ?? 'redis,mysql').split(',') as SinkName[];
/** `--without` says what a run leaves out; else what is known to stand in the way does. */
const WITHOUT = process.env['SLUICE_HISTORY_WITHOUT'];
/** A run with one of them is how a history is run again that failed so. */
const DISTURBANCES = (process.env['SLUICE_HISTORY_DISTURBANCES'] ??
  (HISTORIES === SHORT_HISTORIES ? 'none' : 'mixed')) as Disturbances;
const TIMEOUT_MS = 600_000 + HISTORIES * 3000;

describe.each([FLAVOUR])('%s', (flavour) => {
  test(
    `${HISTORIES} random histories are equal in source, replica and stores`,
    async () => {
      const isShort = HISTORIES === SHORT_HISTORIES && process.env['SLUICE_TEST_SEED'] === undefined;
      const seed = isShort ? SHORT_SEED : announceSeed(`histories, ${flavour}`);
      const without =
        WITHOUT ??
        leftOut(flavour)
          .map(([name]) => name)
          .join(',');
      const scope = testScope();
      const servers = await ReplicatedSource.start(scope, flavour);
      const { failures, ...totals } = await runHistories({
        stack,
        servers,
        lanes: Math.min(LANES, HISTORIES),
        sinks: SINKS,
        patienceMs: PATIENCE_MS,
        seed,
        histories: HISTORIES,
        length: LENGTH,
        disturbances: DISTURBANCES,
        ingredients: ingredientsWithout(without),
        shrunk: SHRUNK,
        say: (line) => void process.stderr.write(`${line}\n`),
      });
      process.stderr.write(
        `${flavour}: ${JSON.stringify(totals)}${without === '' ? '' : `, without ${without}`}\n`,
      );
      expect(failures).toEqual([]);
    },
    TIMEOUT_MS,
  );
});
