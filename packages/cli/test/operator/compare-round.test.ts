import { PipelineError } from '@sluice/runtime';
import { expect, test } from 'vitest';
import { CommandFailed } from '../../src/operator/command-failed.ts';
import { compareRound, type RoundTable, type TableFindings } from '../../src/operator/compare-round.ts';

const EQUAL = { compared: 1, equal: 1, different: 0, missing: 0, extra: 0, notSettled: 0 };
const TABLES = ['a', 'b', 'c'].map((table): RoundTable => {
  return { database: 'shop', table, sinks: ['redis', 'mysql'] };
});

interface Seen {
  readonly told: readonly string[];
  readonly failed: unknown;
}

async function roundOf(failing: (table: string, sink: string) => Error | null): Promise<Seen> {
  const told: string[] = [];
  const round = compareRound({
    tables: TABLES,
    compare: (table, only) => {
      const sinks = only === null ? table.sinks : [only];
      for (const sink of sinks) {
        const error = failing(table.table, sink);
        if (error !== null) return Promise.reject(error);
      }
      const found: TableFindings = {
        table: `shop.${table.table}`,
        compared: true,
        remarks: ['column x is not compared'],
        sinks: Object.fromEntries(sinks.map((sink) => [sink, EQUAL])),
      };
      return Promise.resolve(found);
    },
    watch: {
      begins: (tables) => void told.push(`begins ${tables.length}`),
      compared: ({ table }, { sinks, remarks }) =>
        void told.push(`${table} ${Object.keys(sinks).join(' ')} ${remarks.length}`),
    },
    signal: AbortSignal.timeout(10_000),
  });
  return { failed: await round.catch((error: unknown) => error), told };
}

test('a table that fails does not keep the others from being compared', async () => {
  const { told, failed } = await roundOf((table) => (table === 'a' ? new CommandFailed('gone') : null));
  expect(told).toEqual(['begins 3', 'b redis mysql 1', 'c redis mysql 1']);
  expect(failed).toEqual(new CommandFailed('shop.a in sink redis: gone'));
});

test('a sink that fails does not keep the others from being compared', async () => {
  const away = new PipelineError('KAFKA_UNREACHABLE', 'no answer');
  const { told, failed } = await roundOf((_, sink) => (sink === 'redis' ? away : null));
  expect(told).toEqual(['begins 3', 'a mysql 1', 'b mysql 1', 'c mysql 1']);
  expect(failed).toEqual(new CommandFailed('shop.a in sink redis: KAFKA_UNREACHABLE: no answer'));
});

test('what is no error of the pipeline or of a store ends the round', async () => {
  const fault = new TypeError('x is undefined');
  expect(await roundOf(() => fault)).toEqual({ told: ['begins 3'], failed: fault });
});
