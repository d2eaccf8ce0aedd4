import { Client } from '@elastic/elasticsearch';
import { startStack } from '@sluice/local-stack';
import type { RowDataPacket } from '@sluice/mysql';
import { Redis } from 'ioredis';
import { afterAll, expect, test } from 'vitest';
import { eventually } from '../harness/eventually.ts';
import { NamedSinks, targetServer } from '../harness/pipelines/named-sinks.ts';
import { testScope, type Scope } from '../harness/scope.ts';
import { sluice } from '../harness/processes/sluice-command.ts';
import type { ServiceProcess } from '../harness/processes/service-process.ts';
import { SourceDatabase } from '../harness/pipelines/source-database.ts';

const stack = await startStack({ servers: ['kafka', 'mysql', 'target-mysql', 'redis', 'elasticsearch'] });
afterAll(() => stack.stop());

const TABLES = ['users', 'sessions', 'orders'] as const;
const COLUMNS = '(id INT PRIMARY KEY, label VARCHAR(40))';
const insert = (table: string, ...ids: readonly number[]): string =>
  `INSERT INTO ${table} VALUES ${ids.map((id) => `(${id}, '${table} ${id}')`).join(', ')}`;

interface Line {
  readonly service: string;
  readonly answers: string;
  readonly well: boolean;
  readonly kafka: { readonly records: number; readonly deadLetters: number } | null;
}

async function sourceOf(scope: Scope, stem: string): Promise<SourceDatabase> {
  const database = await SourceDatabase.create(scope, stack.mysql, stem);
  for (const table of TABLES)
    await database.run(`CREATE TABLE ${table} ${COLUMNS}`, insert(table, 1, 2, 3, 4, 5));
  return database;
}

function redisOf(scope: Scope, prefix: string): { redis: Redis; keys: () => Promise<string[]> } {
  const redis = new Redis(stack.redis.url);
  const keys = async (): Promise<string[]> => (await redis.keys(`${prefix}*`)).sort();
  scope.defer(async () => {
    for (const key of await redis.keys(`*${prefix}*`)) await redis.unlink(key);
    redis.disconnect();
  });
  return { redis, keys };
}

test('sinks of one type have tables, groups, dead letters and stores of their own', async () => {
  const scope = testScope();
  const database = await sourceOf(scope, 'named');
  const { name } = database;
  const of = (...tables: readonly string[]): string[] => tables.map((table) => `${name}.${table}`);
  const own = (sink: string): string => `${name}_${sink}`;
  const [canary, live] = ['canary', 'live'].map((sink) => [own(sink), own(`${sink}_state`)]) as [
    [string, string],
    [string, string],
  ];
  const target = await targetServer(scope, stack, [...canary, ...live]);
  const { redis, keys } = redisOf(scope, name);
  const search = new Client(stack.elasticsearch);
  scope.defer(async () => {
    const found = await search.indices.get({ index: `${name}-*` });
    await search.indices.delete({ index: Object.keys(found) });
    await search.close();
  });
  const { host, port, user, password } = stack.targetMysql;
  const mysql = ([copy, stateDatabase]: readonly [string, string]) => ({
    type: 'mysql',
    host,
    port,
    user,
    password,
    databases: { [name]: copy },
    stateDatabase,
  });
  const pipeline = await NamedSinks.create(scope, {
    stack,
    database,
    sinks: {
      cache: { type: 'redis', url: stack.redis.url, keyPrefix: `${name}-c:`, tables: of('users') },
      session: {
        type: 'redis',
        url: stack.redis.url,
        keyPrefix: `${name}-s:`,
        tables: of('sess*'),
        rows: { [`${name}.sessions`]: { keyTemplate: 'session:{id}:row' } },
      },
      search: {
        type: 'elasticsearch',
        ...stack.elasticsearch,
        indexPrefix: `${name}-`,
        tables: of('orders'),
      },
      canary: mysql(canary),
      live: { ...mysql(live), excludeTables: of('sessions') },
    },
  });
  const { configFile } = pipeline;
  const equal = async (): Promise<void> => {
    await pipeline.equal('cache', 'users');
    await pipeline.equal('session', 'sessions');
    await pipeline.equal('search', 'orders');
    await pipeline.equal('canary', ...TABLES);
    await pipeline.equal('live', 'users', 'orders');
  };
  expect(await sluice(configFile, 'config validate')).toMatchObject({ code: 0, document: { valid: true } });
  expect((await sluice(configFile, 'plan')).document).toMatchObject({
    selections: [
      { sink: 'cache', tables: of('users'), warnings: [] },
      { sink: 'session', tables: of('sessions') },
      { sink: 'search', tables: of('orders') },
      { sink: 'live', tables: of('orders', 'users') },
    ],
  });

  const [, cache] = await pipeline.start('capture', 'cache', 'session', 'search', 'canary', 'live');
  await equal();
  const ids = [1, 2, 3, 4, 5];
  expect(await keys()).toEqual([
    ...ids.map((id) => `${name}-c:${name}.users:${id}`),
    ...ids.map((id) => `${name}-s:session:${id}:row`),
  ]);
  const indexes = Object.keys(await search.indices.get({ index: `${name}-*` })).sort();
  expect(indexes).toEqual([`${name}-${name}.orders`, `${name}-sluice-state`]);
  const tablesIn = async (copy: string): Promise<string[]> => {
    const sql = 'SELECT TABLE_NAME AS name FROM information_schema.TABLES WHERE TABLE_SCHEMA = ?';
    const [found] = await target.query<RowDataPacket[]>(sql, [copy]);
    return found.map((row) => String(row['name'])).sort();
  };
  expect([await tablesIn(canary[0]), await tablesIn(live[0])]).toEqual([
    ['orders', 'sessions', 'users'],
    ['orders', 'users'],
  ]);
  expect(await redis.get(`sluice:owner:${name}-c:${name}.users:`)).toBe(
    `${name}.${name}.users of sink cache`,
  );

  // One that is stopped holds no other; its records wait.
  await cache?.stop();
  for (const table of TABLES)
    await database.run(insert(table, 6), `UPDATE ${table} SET label = 'x' WHERE id = 1`);
  await redis.lpush(`${name}-s:session:7:row`, 'not ours');
  await database.run(insert('sessions', 7), 'DELETE FROM sessions WHERE id = 2');
  await pipeline.equal('search', 'orders');
  await pipeline.equal('canary', ...TABLES);
  await pipeline.equal('live', 'users', 'orders');
  const lines = async (): Promise<readonly Line[]> =>
    ((await sluice(configFile, 'status')).document as { readonly services: readonly Line[] }).services;
  const told = await eventually('the state of each by its name', async () => {
    const all = await lines();
    const well = all.filter((line) => line.well).map(({ service }) => service);
    return well.join() === 'capture,sink-search,sink-canary,sink-live' && all;
  });
  expect(told.find(({ service }) => service === 'sink-cache')).toMatchObject({ answers: 'stopped' });
  const behind = told.find(({ service }) => service === 'sink-cache')?.kafka?.records ?? 0;
  expect(behind).toBeGreaterThanOrEqual(2);
  // Not those of tables that it does not take.
  expect(behind).toBeLessThanOrEqual(4);
  const letters = async (sink: string): Promise<unknown> =>
    (await sluice(configFile, `dlq list --sink ${sink}`)).document;
  expect(await letters('session')).toMatchObject({ depth: 1, letters: [{ table: `${name}.sessions` }] });
  expect(await letters('cache')).toMatchObject({ depth: 0 });
  await redis.del(`${name}-s:session:7:row`);
  expect((await sluice(configFile, 'dlq replay --sink session --yes')).code).toBe(0);

  // A table that is taken later is read from its first record; one that is left stays as it is.
  await pipeline.configure({ cache: { tables: of('orders') } });
  const planned = (await sluice(configFile, 'plan')).document as { readonly warnings: readonly string[] };
  expect(planned.warnings.join('\n')).toContain(
    `sink cache no longer takes ${name}.users: what its store has of them stays as it is`,
  );
  const [changed] = await pipeline.start('cache');
  await changed?.logged('sink.tables_left');
  await pipeline.equal('cache', 'orders');
  expect(await redis.exists(`${name}-c:${name}.users:5`, `${name}-c:${name}.users:6`)).toBe(1);
  await pipeline.configure({ cache: { tables: of('users') } });
  await changed?.stop();
  await pipeline.start('cache');
  await equal();
  const compared = await sluice(configFile, 'compare');
  expect(compared).toMatchObject({ code: 0, document: { result: 'equal' } });
  const { tables } = compared.document as { readonly tables: readonly { table: string; sinks: object }[] };
  expect(tables.map(({ table, sinks }) => [table, Object.keys(sinks)])).toEqual([
    [`${name}.orders`, ['search', 'canary', 'live']],
    [`${name}.sessions`, ['session', 'canary']],
    [`${name}.users`, ['cache', 'canary', 'live']],
  ]);
});

test('in a topic of several tables a sink skips those that it does not take, and says what it lacks when it takes them', async () => {
  const scope = testScope();
  const database = await sourceOf(scope, 'skipped');
  const { name } = database;
  redisOf(scope, name);
  const cache = { type: 'redis', url: stack.redis.url, tables: [`${name}.users`] };
  const topics = { strategy: 'database' };
  const pipeline = await NamedSinks.create(scope, { stack, database, topics, sinks: { cache } });
  const { configFile } = pipeline;
  const [, first] = (await pipeline.start('capture', 'cache')) as [ServiceProcess, ServiceProcess];
  await pipeline.equal('cache', 'users');
  const skipped = await eventually('the records of the other tables to be skipped', async () => {
    const { records } = (await first.status()) as { readonly records: { readonly skipped: number } };
    return records.skipped >= 10 && records.skipped;
  });
  expect(skipped).toBeGreaterThanOrEqual(10);
  await first.stop();

  await pipeline.configure({ cache: { tables: [`${name}.users`, `${name}.orders`] } });
  const fix = `sluice snapshot start --table ${name}.orders --reconcile`;
  const plan = (await sluice(configFile, 'plan')).document as { readonly warnings: readonly string[] };
  expect(plan.warnings.join('\n')).toContain(
    `sink cache takes ${name}.orders from now on, and older records of them are deleted or were skipped; when it runs: ${fix}`,
  );
  const [second] = (await pipeline.start('cache')) as [ServiceProcess];
  await second.logged('sink.incomplete');
  const incomplete = async (): Promise<unknown> =>
    ((await second.status()) as { incomplete: unknown }).incomplete;
  expect(await incomplete()).toMatchObject([{ table: `${name}.orders`, fix: `Run: ${fix}` }]);
  expect((await sluice(configFile, `snapshot start --table ${name}.orders --reconcile`)).code).toBe(0);
  await pipeline.equal('cache', 'users', 'orders');
  await eventually('nothing to be missing', async () => JSON.stringify(await incomplete()) === '[]');
});
