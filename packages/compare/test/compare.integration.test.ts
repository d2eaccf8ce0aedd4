import { startStack } from '@sluice/local-stack';
import type { MysqlServer, Stack } from '@sluice/local-stack';
import { Redis } from 'ioredis';
import { createConnection } from 'mysql2/promise';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { compareRunning, compareSinks, describeDifference, listTables } from '../src/index.ts';
import type { Comparison } from '../src/index.ts';
import { createShop } from '@sluice/sample-shop';
import { fillSinks } from './fill-sinks.ts';

const SEED = 5;
const SIZES = { customers: 300, products: 100, orders: 300, notes: 200 };
const TARGET = 'cli_compare_copy';
let stack: Stack;

beforeAll(async () => {
  stack = await startStack({ servers: ['mysql', 'mariadb', 'target-mysql', 'redis', 'elasticsearch'] });
});
afterAll(() => stack.stop());

/** As a section of a sink has it. */
const addressOf = ({ host, port, user, password }: MysqlServer) => ({ host, port, user, password });

async function onServer(server: MysqlServer, ...statements: string[]): Promise<void> {
  const { host, port, user, password } = server;
  const connection = await createConnection({ host, port, user, password, charset: 'utf8mb4' });
  for (const statement of statements) await connection.query(statement);
  await connection.end();
}

async function makeShop(server: MysqlServer, database: string): Promise<number> {
  const { host, port, user, password } = server;
  const connection = await createConnection({ host, port, user, password, charset: 'utf8mb4' });
  try {
    return await createShop(connection, { seed: SEED, sizes: SIZES, database });
  } finally {
    await connection.end();
  }
}

async function putDocument(index: string, id: string, document: object): Promise<void> {
  const url = `${stack.elasticsearch.node}/${index}/_doc/${encodeURIComponent(id)}`;
  const response = await fetch(url, {
    method: 'PUT',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(document),
  });
  expect(response.ok).toBe(true);
}

describe.each(['mysql', 'mariadb'] as const)('source %s', (flavour) => {
  const database = `cli_compare_${flavour}`;
  // MariaDB's JSON is text: the sink's target has text as well, MySQL's own JSON would rewrite it.
  const target = (): MysqlServer => (flavour === 'mysql' ? stack.targetMysql : stack.mariadb);
  const compare = async (): Promise<Comparison> => {
    const { host, port, user, password } = stack[flavour];
    const connection = await createConnection({ host, port, user, password });
    const tables = await listTables(connection, database);
    await connection.end();
    return compareSinks({
      source: stack[flavour],
      tables,
      sinks: {
        redis: stack.redis,
        elasticsearch: stack.elasticsearch,
        mysql: { ...addressOf(target()), databases: { [database]: TARGET } },
      },
      chunkRows: 100,
    });
  };
  let rows = 0;

  beforeAll(async () => {
    rows = await makeShop(stack[flavour], database);
    await makeShop(target(), TARGET);
    await fillSinks(stack, stack[flavour], database);
  });

  test('equal stores are equal, in every row of every table', async () => {
    const { rows: compared, sinks } = await compare();
    const equal = { compared: rows, different: 0, missing: 0, extra: 0, examples: [] };
    expect(compared).toBe(rows);
    expect(sinks).toEqual({ redis: equal, elasticsearch: equal, mysql: equal });
  });

  test('what differs, is missing or is extra is found and described', async () => {
    const redis = new Redis(stack.redis.url);
    const order = `${database}.orders`;
    await redis.set(
      `${order}:8`,
      ((await redis.get(`${order}:8`)) ?? '').replace('"revision":0', '"revision":1'),
    );
    await redis.del(`${order}:7`);
    await redis.set(`${order}:99999`, '{}');
    await redis.set(`sluice:{${order}:7}`, '0010000020053760849');
    await redis.quit();
    await putDocument(`${database}.products`, '{"id":3}', { _sluice: { deleted: true } });
    await putDocument(`${database}.products`, '{"id":900}', { _sluice: { deleted: true } });
    await putDocument(`${database}.products`, '{"id":901}', { id: 901 });
    await onServer(
      target(),
      `DELETE FROM ${TARGET}.notes WHERE code = 'memo-10'`,
      `UPDATE ${TARGET}.orders SET total = total + 0.01 WHERE id = 5`,
      `INSERT INTO ${TARGET}.exchange_rates VALUES ('ZZZ', 1, '2026-01-01')`,
      `DROP TABLE ${TARGET}.products`,
    );
    const { sinks } = await compare();
    expect(sinks.redis).toMatchObject({ different: 1, missing: 1, extra: 1 });
    expect(sinks.redis?.examples.map(describeDifference)).toEqual([
      `redis ${order} ${order}:7: missing`,
      `redis ${order} ${order}:8: revision is 1, in the source 0`,
      `redis ${order} ${order}:99999: extra`,
    ]);
    expect(sinks.elasticsearch).toMatchObject({ different: 0, missing: 1, extra: 1 });
    expect(sinks.elasticsearch?.examples.map(describeDifference)).toEqual([
      `elasticsearch ${database}.products {"id":3}: missing`,
      `elasticsearch ${database}.products {"id":901}: extra`,
    ]);
    expect(sinks.mysql).toMatchObject({ different: 1, missing: 1 + SIZES.products, extra: 1 });
    expect(sinks.mysql?.examples.map((example) => example.kind).slice(0, 3)).toEqual([
      'extra',
      'missing',
      'different',
    ]);
  });

  test('a table without a key, or that is not there, is an error', async () => {
    const source = stack[flavour];
    await onServer(source, `CREATE TABLE ${database}.keyless (a INT NOT NULL, b INT)`);
    const keyless = { source, tables: [{ database, table: 'keyless' }], sinks: {} };
    await expect(compareSinks(keyless)).rejects.toThrow('keyless does not exist or has no key');
    await expect(compareSinks({ ...keyless, keys: { [`${database}.keyless`]: ['a'] } })).resolves.toEqual({
      rows: 0,
      sinks: {},
    });
    await onServer(source, `DROP TABLE ${database}.keyless`);
  });
});

test('a table with several key columns, one in a wide character set, is equal to itself on MariaDB', async () => {
  const database = 'cli_compare_wide';
  await onServer(
    stack.mariadb,
    `DROP DATABASE IF EXISTS ${database}`,
    `CREATE DATABASE ${database}`,
    `CREATE TABLE ${database}.t (k VARCHAR(9) CHARACTER SET utf32, n INT, PRIMARY KEY (k, n))`,
    `INSERT INTO ${database}.t VALUES ('日', 1), ('it''s', 2), ('', 3)`,
  );
  const tables = [{ database, table: 't' }];
  const { sinks } = await compareSinks({
    source: stack.mariadb,
    tables,
    sinks: { mysql: addressOf(stack.mariadb) },
  });
  expect(sinks.mysql).toMatchObject({ compared: 3, missing: 0, different: 0, extra: 0 });
  await onServer(stack.mariadb, `DROP DATABASE ${database}`);
});

test('a comparison that is interrupted ends with what it has, and takes nothing for equal', async () => {
  const database = 'cli_compare_stop';
  const ids = Array.from({ length: 1500 }, (_, id) => `(${id})`).join(', ');
  await onServer(
    stack.mysql,
    `DROP DATABASE IF EXISTS ${database}`,
    `CREATE DATABASE ${database}`,
    `CREATE TABLE ${database}.t (id INT NOT NULL PRIMARY KEY)`,
    `INSERT INTO ${database}.t VALUES ${ids}`,
  );
  const column = { source: 'id', published: 'id', treatment: '' };
  const published = (table: string) => ({
    database,
    table,
    columns: [column],
    keyColumns: ['id'],
    refused: null,
  });
  const stop = new AbortController();
  const found = await compareRunning({
    takes: () => true,
    source: stack.mysql,
    tables: [published('t'), published('later')],
    sinks: { redis: stack.redis },
    scope: { condition: () => null, keys: null, sample: null },
    rowsPerSecond: 10,
    applied: () => Promise.resolve(null),
    onProgress: () => stop.abort(),
    signal: stop.signal,
  });
  const why = 'the comparison was interrupted';
  expect(found).toMatchObject({ result: 'not done', rows: 1000, differences: [] });
  expect(found.tables).toMatchObject([
    { compared: true, remarks: [why], sinks: { redis: { compared: 1000, equal: 0, notSettled: 1000 } } },
    { table: `${database}.later`, compared: false, remarks: [why] },
  ]);
  expect(new Set(found.notSettled.map((row) => row.why))).toEqual(new Set([why]));
  await onServer(stack.mysql, `DROP DATABASE ${database}`);
});

test('more rows that only the target has than are streamed at once are found, of a key that is read row by row', async () => {
  const database = 'cli_compare_strays';
  const create = (collation: string): string[] => [
    `DROP DATABASE IF EXISTS ${database}`,
    `CREATE DATABASE ${database}`,
    `CREATE TABLE ${database}.t (code VARCHAR(9) COLLATE ${collation} NOT NULL PRIMARY KEY)`,
  ];
  const codes = Array.from({ length: 3000 }, (_, code) => `('code-${code}')`).join(', ');
  await onServer(stack.mysql, ...create('utf8mb4_0900_ai_ci'), `INSERT INTO ${database}.t VALUES ('here')`);
  await onServer(
    stack.targetMysql,
    ...create('utf8mb4_0900_bin'),
    `INSERT INTO ${database}.t VALUES ('here'), ${codes}`,
  );
  const table = { database, table: 't' };
  const columns = [{ source: 'code', published: 'code', treatment: '' }];
  const sinks = { mysql: addressOf(stack.targetMysql) };
  const found = await compareRunning({
    takes: () => true,
    source: stack.mysql,
    tables: [{ ...table, columns, keyColumns: ['code'], refused: null }],
    sinks,
    scope: { condition: () => null, keys: null, sample: null },
    rowsPerSecond: 10_000,
    applied: () => Promise.resolve(null),
    onProgress: () => undefined,
    signal: new AbortController().signal,
  });
  expect(found.tables).toMatchObject([
    { compared: true, sinks: { mysql: { compared: 1, equal: 1, missing: 0, extra: 3000, notSettled: 0 } } },
  ]);
  const quiet = await compareSinks({ source: stack.mysql, tables: [table], sinks });
  expect(quiet.sinks['mysql']).toMatchObject({ compared: 1, missing: 0, different: 0, extra: 3000 });
  await onServer(stack.mysql, `DROP DATABASE ${database}`);
  await onServer(stack.targetMysql, `DROP DATABASE ${database}`);
});

test('an index is read to its end before its rows are settled: a scroll lasts no longer than minutes', async () => {
  const database = 'cli_compare_scroll';
  const index = `${database}.t`;
  await onServer(
    stack.mysql,
    `DROP DATABASE IF EXISTS ${database}`,
    `CREATE DATABASE ${database}`,
    `CREATE TABLE ${database}.t (id INT PRIMARY KEY)`,
  );
  const lines = Array.from({ length: 3000 }, (_, id) => [
    { index: { _index: index, _id: `{"id":${id}}` } },
    { id, _sluice: { deleted: false } },
  ]);
  const ask = async (path: string, body?: string): Promise<unknown> => {
    const headers = { 'content-type': 'application/x-ndjson' };
    const given = body === undefined ? {} : { method: 'POST', headers, body };
    return (await fetch(`${stack.elasticsearch.node}${path}`, given)).json();
  };
  await ask(
    '/_bulk?refresh=true',
    lines
      .flat()
      .map((line) => `${JSON.stringify(line)}\n`)
      .join(''),
  );
  const scrolls: number[] = [];
  const found = await compareRunning({
    takes: () => true,
    source: stack.mysql,
    tables: [
      {
        database,
        table: 't',
        columns: [{ source: 'id', published: 'id', treatment: '' }],
        keyColumns: ['id'],
        refused: null,
      },
    ],
    sinks: { elasticsearch: stack.elasticsearch },
    scope: { condition: () => null, keys: null, sample: null },
    rowsPerSecond: 100_000,
    applied: async () => {
      const { _all } = (await ask(`/${index}/_stats/search`)) as {
        readonly _all: { readonly total: { readonly search: { readonly scroll_current: number } } };
      };
      scrolls.push(_all.total.search.scroll_current);
      return null;
    },
    onProgress: () => undefined,
    signal: new AbortController().signal,
  });
  expect(found.tables).toMatchObject([{ sinks: { elasticsearch: { extra: 3000, notSettled: 0 } } }]);
  expect([scrolls.length > 2, Math.max(...scrolls)]).toEqual([true, 0]);
  await fetch(`${stack.elasticsearch.node}/${index}`, { method: 'DELETE' });
  await onServer(stack.mysql, `DROP DATABASE ${database}`);
});

test('rows that end by themselves in a sink are not missing there, and all else is found', async () => {
  const database = 'cli_compare_ending';
  await onServer(
    stack.mysql,
    `DROP DATABASE IF EXISTS ${database}`,
    `CREATE DATABASE ${database}`,
    `CREATE TABLE ${database}.t (id INT PRIMARY KEY, v INT)`,
    `INSERT INTO ${database}.t VALUES (1, 1), (2, 2), (3, 3)`,
  );
  const redis = new Redis(stack.redis.url);
  const row = (id: number, v: number): string => `{"_sequence":"0010000010000000004","id":${id},"v":${v}}`;
  await redis.mset('ending:1', row(1, 1), 'ending:2', row(2, 9), 'ending:7', row(7, 7));
  const rows = { [`${database}.t`]: { keyTemplate: 'ending:{id}', ttlSeconds: 60 } };
  const options = { source: stack.mysql, sinks: { redis: { ...stack.redis, rows } } };
  const t = { database, table: 't' };
  const column = (name: string) => ({ source: name, published: name, treatment: '' });
  const found = await compareRunning({
    ...options,
    takes: () => true,
    tables: [{ ...t, columns: [column('id'), column('v')], keyColumns: ['id'], refused: null }],
    scope: { condition: () => null, keys: null, sample: null },
    rowsPerSecond: 10_000,
    applied: () => Promise.resolve(null),
    onProgress: () => undefined,
    signal: new AbortController().signal,
  });
  expect(found.differences).toMatchObject([
    { kind: 'different', place: 'ending:2' },
    { kind: 'extra', place: 'ending:7' },
  ]);
  expect(found.tables).toMatchObject([
    {
      remarks: ['1 rows that sink redis does not have were not compared: rows end there by themselves'],
      sinks: { redis: { compared: 2, equal: 1, missing: 0 } },
    },
  ]);
  const quiet = await compareSinks({ ...options, tables: [t] });
  expect(quiet.sinks['redis']).toMatchObject({ compared: 2, different: 1, missing: 0, extra: 1 });
  await redis.del('ending:1', 'ending:2', 'ending:7');
  await redis.quit();
  await onServer(stack.mysql, `DROP DATABASE ${database}`);
});
