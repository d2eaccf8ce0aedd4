import { startStack } from '@sluice/local-stack';
import { afterAll, expect, test } from 'vitest';
import type { AlterCase } from '../harness/alters/alter-case.ts';
import { ALTER_CASES } from '../harness/alters/alter-cases.ts';
import { eventually } from '../harness/eventually.ts';
import { testScope } from '../harness/scope.ts';
import {
  SINK_NAMES,
  SINK_SERVICES,
  SinkPipeline,
  type PipelineProcess,
} from '../harness/pipelines/sink-pipeline.ts';
import { SourceDatabase } from '../harness/pipelines/source-database.ts';

/** After every class of ALTER each store equals the source, or capture names the table and why it is left alone. */

const stack = await startStack({
  servers: ['kafka', 'mysql', 'mariadb', 'target-mysql', 'redis', 'elasticsearch'],
});
afterAll(() => stack.stop());

const QUICK = { retry: { initialMs: 20, maxMs: 500 } };
/** Each class, policy and server takes minutes; `npm test` takes the classes of every day. */
const ALL = process.env['SLUICE_ALTERS'] === 'all';
const POLICIES = ALL ? ['apply', 'alert', 'pause-table'] : ['alert'];
const SERVERS = ALL ? [stack.mysql, stack.mariadb] : [stack.mysql];
const CASES = SERVERS.flatMap((server) =>
  POLICIES.map((policy) => ({ flavour: server.flavour, server, policy })),
);

test.each(CASES)(
  '$flavour, policy $policy',
  async ({ server, policy }) => {
    const scope = testScope();
    const database = await SourceDatabase.create(scope, server, 'alters');
    const cases = ALTER_CASES.filter(
      ({ flavour, long }) => (flavour ?? server.flavour) === server.flavour && (ALL || long !== true),
    );
    for (const { name, columns, rows } of cases) {
      await database.run(`CREATE TABLE ${name} (${columns})`, `INSERT INTO ${name} VALUES ${rows}`);
    }
    const ddl = { breaking: policy, rename: 'apply' };
    const pipeline = await SinkPipeline.create(scope, { stack, database, sections: { ddl } });
    const [capture] = (await pipeline.start('capture')) as [PipelineProcess];
    const sinks = await Promise.all(SINK_SERVICES.map((name) => pipeline.launch(name, QUICK)));
    await pipeline.converged(undefined, 120_000);
    for (const one of cases) await alter(database, one);

    const refused = cases.filter((one) => one.refused !== undefined);
    await eventually('what cannot be captured to be named', async () => {
      const found = await refusedBy(capture);
      return refused.every((one) => found.get(`${database.name}.${one.name}`) === one.refused);
    });
    const resumed = new AbortController();
    const resuming = policy === 'pause-table' ? resume(sinks, resumed.signal) : Promise.resolve();
    try {
      await pipeline.converged(await tablesWithout(database, refused), 240_000);
    } finally {
      resumed.abort();
      await resuming;
    }
    for (const sink of SINK_NAMES) expect(await pipeline.deadLetters(sink)).toEqual([]);
  },
  600_000,
);

async function alter(database: SourceDatabase, { name, statements, lenient }: AlterCase): Promise<void> {
  const own = statements.map((text) => text.replaceAll(/\bt\b/gu, name));
  const before = lenient ? ["SET @strict = @@sql_mode, SESSION sql_mode = ''"] : [];
  await database.run(...before, ...own, ...(lenient ? ['SET SESSION sql_mode = @strict'] : []));
}

/** By table the code under which capture leaves it alone. */
async function refusedBy({ process }: PipelineProcess): Promise<ReadonlyMap<string, string>> {
  const { refused } = (await process.status()) as { refused: { table: string; code: string }[] };
  return new Map(refused.map(({ table, code }) => [table, code]));
}

async function tablesWithout(database: SourceDatabase, cases: readonly AlterCase[]): Promise<string[]> {
  const rows = await database.rows(
    `SELECT TABLE_NAME AS name FROM information_schema.tables WHERE TABLE_SCHEMA = '${database.name}'`,
  );
  const others = new Set(cases.map(({ name }) => name));
  return rows.map((row) => String(row['name'])).filter((name) => !others.has(name));
}

/** Lets every table go on that waits for an operator, again and again: until the signal. */
async function resume(sinks: readonly PipelineProcess[], signal: AbortSignal): Promise<void> {
  await eventually(
    'the end',
    async () => {
      for (const { opsUrl } of sinks) {
        const answer = await fetch(`${opsUrl}/tables/paused`);
        const { paused } = (await answer.json()) as { paused: readonly { table: string }[] };
        for (const { table } of paused)
          await fetch(`${opsUrl}/tables/resume`, {
            method: 'POST',
            headers: { 'content-type': 'application/json' },
            body: JSON.stringify({ table, by: 'ann' }),
          });
      }
      return signal.aborted;
    },
    { timeoutMs: 300_000, everyMs: 250 },
  );
}
