import { startStack, type MysqlServer } from '@sluice/local-stack';
import { connect, readVersion } from '@sluice/mysql';
import type { ServerKind } from '@sluice/binlog/type-cases';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { fileScope } from '../../harness/scope.ts';
import { SINK_NAMES } from '../../harness/sink-pipeline.ts';
import { SOURCE_SERVERS } from './source-servers.ts';
import { knownDifferences } from './known-differences.ts';
import { PHASES } from './phases.ts';
import { writeResults } from './results-file.ts';
import { ValueRun, type TableResult } from './value-run.ts';
import { valueTables } from './value-table.ts';

const stack = await startStack({
  servers: ['kafka', 'mysql', 'mariadb', 'target-mysql', 'redis', 'elasticsearch'],
});
afterAll(() => stack.stop());

describe.each(SOURCE_SERVERS)('$label', (kind) => {
  const scope = fileScope();
  const results = new Map<string, TableResult>();

  beforeAll(async () => {
    const server = await serverOf(kind, scope);
    const run = await ValueRun.open(scope, stack, server, kind);
    for (const result of await run.results()) results.set(result.table.name, result);
    await writeResults(kind.label, await fullVersion(server), [...results.values()]);
  }, 900_000);

  describe.each(valueTables(kind).map((table) => [table.title.slice(0, 70), table] as const))(
    '%s',
    (_title, { name, title }) => {
      test.each(PHASES)('%s', (phase) => {
        expect(results.get(name)?.topic[phase]).toBeUndefined();
      });

      test.each(SINK_NAMES)('%s', (sink) => {
        const known = knownDifferences(title, kind.label).find(({ place }) => place === sink);
        const found = results.get(name)?.sinks[sink];
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

async function fullVersion(server: MysqlServer): Promise<string> {
  const connection = await connect({ ...server, connectTimeoutMs: 10_000 });
  try {
    const { major, minor, patch } = await readVersion(connection);
    return `${major}.${minor}.${patch}`;
  } finally {
    connection.destroy();
  }
}
