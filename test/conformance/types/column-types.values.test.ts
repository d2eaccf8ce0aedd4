import { startStack, type MysqlServer } from '@sluice/local-stack';
import type { ServerKind } from '@sluice/binlog/type-cases';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { codeIdentity } from '../../harness/code-identity.ts';
import { versionOf, versionsBesideSource } from '../../harness/pipelines/server-versions.ts';
import { fileScope } from '../../harness/scope.ts';
import { SINK_NAMES } from '../../harness/pipelines/sink-pipeline.ts';
import { SOURCE_SERVERS } from './source-servers.ts';
import { knownDifferences } from './known-differences.ts';
import { PHASES } from './phases.ts';
import { writeResults } from './results-file.ts';
import { ValueRun, type TableResult, type Way } from './value-run.ts';
import { shortForm, valueTables } from './value-tables.ts';

const stack = await startStack({
  servers: ['kafka', 'mysql', 'mariadb', 'target-mysql', 'redis', 'elasticsearch'],
});
afterAll(() => stack.stop());

/** In every run: some tables on the servers that are there anyway, with sinks that get one record at a time. */
const isShort = process.env['SLUICE_VALUES_SHORT'] === '1';
const WAYS: readonly Way[] = isShort ? ['singly'] : ['together', 'singly'];
const servers = isShort ? SOURCE_SERVERS.filter(({ version }) => version !== '11.8') : SOURCE_SERVERS;

describe.each(servers)('$label', (kind) => {
  const scope = fileScope();
  const tables = isShort ? shortForm(valueTables(kind)) : valueTables(kind);
  const results = new Map<string, TableResult>();

  beforeAll(async () => {
    const server = await serverOf(kind, scope);
    const plan = { label: kind.label, tables, ways: WAYS };
    const run = await ValueRun.open(scope, stack, server, plan);
    for (const result of await run.results()) results.set(result.table.name, result);
    if (isShort) return;
    const seenWith = {
      version: await versionOf(server),
      others: await versionsBesideSource(stack),
      commit: codeIdentity(),
    };
    await writeResults(kind.label, seenWith, [...results.values()]);
  }, 900_000);

  describe.each(tables.map((table) => [table.title.slice(0, 70), table] as const))(
    '%s',
    (_title, { name, title }) => {
      test.each(PHASES)('%s', (phase) => {
        expect(results.get(name)?.topic[phase]).toBeUndefined();
      });

      const each = WAYS.flatMap((way) => SINK_NAMES.map((sink) => [sink, way] as const));
      test.each(each)('%s, %s', (sink, way) => {
        const known = knownDifferences(title, kind.label).find(({ place }) => place === sink);
        const found = results.get(name)?.sinks[way]?.[sink];
        if (known === undefined) expect(found).toBeUndefined();
        else expect(found, 'a known difference is gone').toBeDefined();
      });
    },
  );
});

async function serverOf({ flavour, version }: ServerKind, scope: AsyncDisposableStack): Promise<MysqlServer> {
  if (flavour === 'mysql') return stack.mysql;
  if (version !== '11.8') return stack.mariadb;
  const { SLUICE_SOURCE_MARIADB_URL: _other, ...env } = process.env;
  const own = await startStack({ servers: ['mariadb'], mariadbVersion: '11.8', env });
  scope.defer(() => own.stop());
  return own.mariadb;
}
