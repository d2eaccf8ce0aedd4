import { startStack } from '@sluice/local-stack';
import { quoteIdentifier, quoteTable, type RowDataPacket } from '@sluice/mysql';
import { afterAll, expect, test } from 'vitest';
import { eventually } from '../harness/eventually.ts';
import { testScope } from '../harness/scope.ts';
import { page } from '../harness/processes/service-pages.ts';
import {
  SINK_NAMES,
  SINK_SERVICES,
  SinkPipeline,
  type PipelineProcess,
} from '../harness/pipelines/sink-pipeline.ts';
import { sluice } from '../harness/processes/sluice-command.ts';
import { SourceDatabase } from '../harness/pipelines/source-database.ts';

const stack = await startStack({
  servers: ['kafka', 'mysql', 'mariadb', 'target-mysql', 'redis', 'elasticsearch'],
});
afterAll(() => stack.stop());

/** Names that JavaScript, JSON, SQL, Redis and Lua have a use for. The driver refuses the first. */
const COLUMNS = [
  '__proto__',
  'constructor',
  '2024',
  '1',
  'toString',
  'd"q',
  'back\\slash',
  'new\nline',
  'c0',
];
const TABLES = ['__proto__', 'constructor', 'a:b%{c}*?', 'q`u\'o"t\\e', '日'.repeat(16)];

const DOC = '{"n": 9007199254740993, "u": 18446744073709551615}';

function statements(table: string): string[] {
  const names = COLUMNS.map((name) => `${quoteIdentifier(name)} VARCHAR(40)`);
  const id = quoteIdentifier(table);
  return [
    `CREATE TABLE ${id} (b INT NOT NULL, ${quoteIdentifier('10')} INT NOT NULL, ${names.join(', ')}, ${quoteIdentifier('do"c')} JSON, PRIMARY KEY (b, ${quoteIdentifier('10')}))`,
    // What `c0` holds is not the order of the key.
    `INSERT INTO ${id} (b, ${quoteIdentifier('10')}, c0, ${quoteIdentifier('__proto__')}, ${quoteIdentifier('do"c')}) VALUES (1, 2, 'z', 'proto', '${DOC}'), (2, 1, 'a', NULL, '${DOC}'), (3, 3, 'm', '', '[]')`,
  ];
}

test.each([stack.mysql, stack.mariadb])(
  'on $flavour, rows of tables and columns of any name keep apart and equal the source in every store',
  async (server) => {
    const scope = testScope();
    const database = await SourceDatabase.create(scope, server, 'names');
    for (const table of TABLES) await database.run(...statements(table));
    await database.run(
      'CREATE TABLE keyed (`__proto__` VARCHAR(20) NOT NULL, `1` INT NOT NULL, v JSON, PRIMARY KEY (`__proto__`, `1`))',
      `INSERT INTO keyed VALUES ('constructor', 5, '${DOC}'), ('a', 5, NULL)`,
    );
    const pipeline = await SinkPipeline.create(scope, {
      stack,
      database,
      sections: { topics: { partitions: 1 }, snapshot: { chunkRows: 10 } },
    });
    await pipeline.start('capture', ...SINK_SERVICES);
    for (const table of TABLES) {
      await database.run(
        `UPDATE ${quoteIdentifier(table)} SET ${quoteIdentifier('__proto__')} = 'changed', ${quoteIdentifier('2024')} = 'x' WHERE b = 2`,
        `DELETE FROM ${quoteIdentifier(table)} WHERE b = 3`,
      );
    }
    await database.run("UPDATE keyed SET v = '[9007199254740993]' WHERE `__proto__` = 'a'");
    await pipeline.converged();
    const { redis, target, targetDatabase } = pipeline.stores;
    const keys = await redis.keys(`${pipeline.name}.constructor:*`);
    // In the order of the key, which is not that of JavaScript.
    expect(keys.sort()).toEqual([`${pipeline.name}.constructor:1:2`, `${pipeline.name}.constructor:2:1`]);
    expect(await redis.get(`${pipeline.name}.__proto__:2:1`)).toContain('"__proto__":"changed"');
    const [rows] = await target.query<RowDataPacket[]>(
      `SELECT CAST(\`do"c\` AS CHAR) AS doc FROM ${quoteTable(targetDatabase, '__proto__')} WHERE b = 1`,
    );
    expect(rows[0]?.['doc']).toBe(DOC);
    for (const sink of SINK_NAMES) expect(await pipeline.deadLetters(sink)).toEqual([]);
  },
);

test('tables whose names are one text with the dots in another place have places of their own', async () => {
  const scope = testScope();
  const database = await SourceDatabase.create(scope, stack.mysql, 'dots');
  const there = quoteIdentifier(`${database.name}.b`);
  await database.run(
    'CREATE TABLE `b.c` (id INT NOT NULL PRIMARY KEY, v VARCHAR(20))',
    "INSERT INTO `b.c` VALUES (1, 'table b.c'), (2, 'table b.c')",
    `CREATE DATABASE ${there}`,
    `CREATE TABLE ${there}.c (id INT NOT NULL PRIMARY KEY, v VARCHAR(20))`,
    `INSERT INTO ${there}.c VALUES (1, 'database with dot'), (3, 'database with dot')`,
  );
  const pipeline = await SinkPipeline.create(scope, {
    stack,
    database,
    sections: {
      topics: { partitions: 1 },
      source: { tables: [`${database.name}.*`, `${database.name}?b.*`] },
      ddl: { truncate: 'pause-table' },
    },
  });
  scope.defer(async () => {
    await database.run(`DROP DATABASE IF EXISTS ${there}`);
    await pipeline.stores.target.query(`DROP DATABASE IF EXISTS ${there}`);
  });
  const services = await pipeline.start('capture', 'sink-redis', 'sink-mysql');
  const [capture, ...sinks] = services as [PipelineProcess, PipelineProcess, PipelineProcess];
  await database.run(
    `UPDATE ${there}.c SET v = 'changed' WHERE id = 1`,
    "UPDATE `b.c` SET v = 'changed too' WHERE id = 1",
    // Below the floor of one table stand no rows of the other.
    'TRUNCATE TABLE `b.c`',
    "INSERT INTO `b.c` VALUES (2, 'the last')",
  );
  // The same table as the pages write it, with more quotes than needed, and with none.
  const id = `${database.name}.\`b.c\``;
  const table = ['--table', `\`${database.name}\`.\`b.c\``];
  for (const { name, opsUrl, configFile } of sinks) {
    await eventually(`the table to wait in ${name}`, async () => {
      const { body } = await page(`${opsUrl}/tables/paused`);
      return (body as { paused: { table: string }[] }).paused[0]?.table === id;
    });
    const line = `table resume --sink ${name.replace('sink-', '')} --table ${database.name}.b.c`;
    const resumed = await sluice(configFile, line);
    expect(resumed).toMatchObject({ code: 0, document: { services: [{ resumed: [expect.any(String)] }] } });
  }
  const alerts = await sluice(capture.configFile, 'ddl alerts', ...table);
  expect(alerts.document).toMatchObject({ matching: 1, entries: [{ class: 'truncate', tables: [id] }] });
  expect((await sluice(capture.configFile, 'ddl clear', ...table)).document).toMatchObject({
    unacknowledged: 0,
  });
  const { redis, target, targetDatabase } = pipeline.stores;
  const prefix = `${database.name}%2Eb.c:`;
  await eventually('the rows in Redis', async () => {
    const [one, two, three, last] = await redis.mget(
      `${prefix}1`,
      `${prefix}3`,
      `${database.name}.b%2Ec:1`,
      `${database.name}.b%2Ec:2`,
    );
    return one?.includes('"changed"') && two?.includes('dot') && three === null && last?.includes('the last');
  });
  const valuesOf = async (table: string): Promise<string> => {
    const [rows] = await target
      .query<RowDataPacket[]>(`SELECT v FROM ${table} ORDER BY id`)
      .catch(() => [[]]);
    return (rows as RowDataPacket[]).map((row) => String(row['v'])).join();
  };
  await eventually('the rows in the target', async () => {
    const own = await valuesOf(quoteTable(targetDatabase, 'b.c'));
    return own === 'the last' && (await valuesOf(`${there}.c`)) === 'changed,database with dot';
  });
});
