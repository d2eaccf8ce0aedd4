import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Client } from '@elastic/elasticsearch';
import { compareReportSchema } from '@sluice/compare';
import { startStack, type MysqlServer } from '@sluice/local-stack';
import { connect, type Connection, type RowDataPacket } from '@sluice/mysql';
import { Redis } from 'ioredis';
import { afterAll, expect, test } from 'vitest';
import { parse } from 'yaml';
import { NamedSinks } from '../harness/pipelines/named-sinks.ts';
import { SourceDatabase } from '../harness/pipelines/source-database.ts';
import { newFolder } from '../harness/processes/new-folder.ts';
import { sluice } from '../harness/processes/sluice-command.ts';
import { testScope, type Scope } from '../harness/scope.ts';

/** The sinks of infra/examples/named-sinks as they stand there, with the addresses of the test's servers: `npm run test:named`. */

const stack = await startStack({
  servers: ['kafka', 'mysql', 'target-mysql', 'mariadb', 'redis', 'elasticsearch'],
});
afterAll(() => stack.stop());

const EXAMPLE = join(import.meta.dirname, '../../infra/examples/named-sinks/sluice.yaml');
const TABLES = ['customers', 'products', 'orders', 'order_lines', 'exchange_rates', 'notes'] as const;
type Section = Readonly<Record<string, unknown>> & { readonly type: string };

/** @param database in the place of `shop` */
function sinksOfExample(database: string): Readonly<Record<string, Section>> {
  const { sinks } = parse(readFileSync(EXAMPLE, 'utf8')) as {
    readonly sinks: Readonly<Record<string, Section>>;
  };
  const target = ({ host, port, user, password }: MysqlServer): object => {
    return { host, port, user, password, stateDatabase: `${database}_state` };
  };
  const at: Readonly<Record<string, object>> = {
    redis: { url: stack.redis.url },
    elasticsearch: stack.elasticsearch,
    canary: target(stack.mariadb),
    production: target(stack.targetMysql),
  };
  const own = Object.entries(sinks).map(([name, { ops: _ops, tls: _tls, tables, ...section }]) => {
    const taken = tables as readonly string[] | undefined;
    const renamed = taken && { tables: taken.map((table) => table.replace('shop.', `${database}.`)) };
    return [name, { ...section, ...renamed, ...(at[name] ?? at[section.type]) }] as const;
  });
  return Object.fromEntries(own);
}

/** A target server; what the pipeline makes there goes at the end. */
async function targetOf(scope: Scope, server: MysqlServer, database: string): Promise<Connection> {
  const connection = await connect({ ...server, connectTimeoutMs: 10_000 });
  scope.defer(async () => {
    for (const name of [database, `${database}_state`])
      await connection.query(`DROP DATABASE IF EXISTS \`${name}\``);
    connection.destroy();
  });
  return connection;
}

function emptied(scope: Scope, database: string): void {
  const redis = new Redis(stack.redis.url);
  const search = new Client(stack.elasticsearch);
  scope.defer(async () => {
    for (const key of await redis.keys(`*${database}*`)) await redis.unlink(key);
    redis.disconnect();
    const found = Object.keys(await search.indices.get({ index: `${database}.*` }));
    if (found.length > 0) await search.indices.delete({ index: found });
    await search.close();
  });
}

test.skipIf(process.env['SLUICE_NAMED'] !== 'all')(
  'the example: each sink has its tables, and a gate that fails leaves production as it was',
  { timeout: 300_000 },
  async () => {
    const scope = testScope();
    const database = await SourceDatabase.create(scope, stack.mysql, 'example');
    const { name } = database;
    for (const table of TABLES)
      await database.run(
        `CREATE TABLE ${table} (id INT PRIMARY KEY, label VARCHAR(40))`,
        `INSERT INTO ${table} VALUES ${[1, 2, 3, 4, 5].map((id) => `(${id}, '${table} ${id}')`).join(', ')}`,
      );
    const canary = await targetOf(scope, stack.mariadb, name);
    const production = await targetOf(scope, stack.targetMysql, name);
    emptied(scope, name);
    const sinks = sinksOfExample(name);
    expect(Object.keys(sinks)).toEqual(['customers', 'rates', 'catalogue', 'orders', 'canary', 'production']);
    const pipeline = await NamedSinks.create(scope, { stack, database, sinks, onFatal: 'stay' });
    const { configFile } = pipeline;
    expect(await sluice(configFile, 'config validate')).toMatchObject({ code: 0, document: { valid: true } });
    await pipeline.start('capture', ...Object.keys(sinks));
    await pipeline.equal('customers', 'customers');
    await pipeline.equal('rates', 'exchange_rates');
    await pipeline.equal('catalogue', 'products');
    await pipeline.equal('orders', 'orders', 'order_lines');
    for (const sink of ['canary', 'production']) await pipeline.equal(sink, ...TABLES);

    for (const target of [canary, production]) {
      await target.query(`UPDATE \`${name}\`.orders SET label = 'wrong' WHERE id = 1`);
      await target.query(`DELETE FROM \`${name}\`.orders WHERE id = 3`);
      await target.query(`INSERT INTO \`${name}\`.orders (id, label) VALUES (9, 'nobody')`);
    }
    const rowsOf = async (target: Connection): Promise<readonly RowDataPacket[]> => {
      const [rows] = await target.query<RowDataPacket[]>(
        `SELECT id, label FROM \`${name}\`.orders ORDER BY id`,
      );
      return rows;
    };
    const planted = [await rowsOf(canary), await rowsOf(production)];
    const folder = await newFolder(scope);
    const file = (text: string): string => join(folder, text);
    const compare = async (report: string) => {
      const { code, document } = await sluice(configFile, `compare --output-file ${file(report)}`);
      return { code, report: compareReportSchema.parse(document) };
    };
    const found = await compare('report.json');
    const kinds = found.report.differences.map(({ sink, kind }) => `${sink} ${kind}`).sort();
    expect([found.code, kinds]).toEqual([
      3,
      ['canary', 'production'].flatMap((sink) =>
        ['different', 'extra', 'missing'].map((kind) => `${sink} ${kind}`),
      ),
    ]);

    const repair = (undo: string, gate: string) =>
      sluice(
        configFile,
        `repair --report ${file('report.json')} --apply --undo ${file(undo)} --stage canary=canary --next production --gate`,
        gate,
      );
    const failed = await repair('failed.ndjson', 'exit 5');
    expect([failed.code, failed.said]).toEqual([
      1,
      expect.stringContaining(
        'the gate ended with 5: sink canary is put back as it was\n3 rows restored, 0 not',
      ),
    ]);
    expect([await rowsOf(canary), await rowsOf(production)]).toEqual(planted);
    const passed = await repair('passed.ndjson', 'exit 0');
    expect([passed.code, passed.said]).toEqual([
      0,
      expect.stringContaining('6 rows equal, 0 still different'),
    ]);
    expect((await compare('equal.json')).report).toMatchObject({ result: 'equal', differences: [] });
  },
);
