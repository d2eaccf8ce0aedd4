import { startStack } from '@sluice/local-stack';
import { afterAll, expect, test } from 'vitest';
import { ALTER_CASES, type AlterCase } from '../harness/alter-cases.ts';
import { testScope } from '../harness/scope.ts';
import { SINK_NAMES, SINK_SERVICES, SinkPipeline } from '../harness/sink-pipeline.ts';
import { SourceDatabase } from '../harness/source-database.ts';

/** After every class of ALTER each store equals the source. */

const stack = await startStack({
  servers: ['kafka', 'mysql', 'mariadb', 'target-mysql', 'redis', 'elasticsearch'],
});
afterAll(() => stack.stop());

const QUICK = { retry: { initialMs: 20, maxMs: 500 } };
const ALL = process.env['SLUICE_ALTERS'] === 'all';
const POLICIES = ALL ? ['apply', 'alert'] : ['alert'];
const SERVERS = ALL ? [stack.mysql, stack.mariadb] : [stack.mysql];
const CASES = SERVERS.flatMap((server) =>
  POLICIES.map((policy) => ({ flavour: server.flavour, server, policy })),
);

test.each(CASES)(
  '$flavour, policy $policy',
  async ({ server, policy }) => {
    const scope = testScope();
    const database = await SourceDatabase.create(scope, server, 'alters');
    const cases = ALTER_CASES.filter(({ flavour }) => flavour === undefined || flavour === server.flavour);
    for (const { name, columns, rows } of cases) {
      await database.run(`CREATE TABLE ${name} (${columns})`, `INSERT INTO ${name} VALUES ${rows}`);
    }
    const ddl = { breaking: policy, rename: 'apply' };
    const pipeline = await SinkPipeline.create(scope, { stack, database, sections: { ddl } });
    await pipeline.start('capture');
    await Promise.all(SINK_SERVICES.map((name) => pipeline.launch(name, QUICK)));
    await pipeline.converged(undefined, 120_000);
    for (const one of cases) await alter(database, one);
    await pipeline.converged(undefined, 240_000);
    for (const sink of SINK_NAMES) expect(await pipeline.deadLetters(sink)).toEqual([]);
  },
  600_000,
);

async function alter(database: SourceDatabase, { name, statements, lenient }: AlterCase): Promise<void> {
  const own = statements.map((text) => text.replaceAll(/\bt\b/gu, name));
  const before = lenient ? ["SET @strict = @@sql_mode, SESSION sql_mode = ''"] : [];
  await database.run(...before, ...own, ...(lenient ? ['SET SESSION sql_mode = @strict'] : []));
}
