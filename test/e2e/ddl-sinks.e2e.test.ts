import { startStack } from '@sluice/local-stack';
import { quoteTable, type RowDataPacket } from '@sluice/mysql';
import { afterAll, describe, expect, test } from 'vitest';
import { eventually } from '../harness/eventually.ts';
import { testScope, type Scope } from '../harness/scope.ts';
import { page } from '../harness/processes/service-pages.ts';
import { SINK_NAMES, SinkPipeline, SINK_SERVICES } from '../harness/pipelines/sink-pipeline.ts';
import { sluice } from '../harness/processes/sluice-command.ts';
import { SourceDatabase } from '../harness/pipelines/source-database.ts';

/** Every store has what the source makes of its rows by ALTER; a change that waits for an operator holds its table alone. */

const stack = await startStack({
  servers: ['kafka', 'mysql', 'mariadb', 'target-mysql', 'redis', 'elasticsearch'],
});
afterAll(() => stack.stop());

const QUICK = { retry: { initialMs: 20, maxMs: 500 } };
const ORDERS = [
  "CREATE TABLE orders (id INT NOT NULL PRIMARY KEY, a INT NOT NULL, b VARCHAR(9), state ENUM('new') NOT NULL)",
  "INSERT INTO orders VALUES (1, 7, 'seven', 'new'), (2, -8, NULL, 'new'), (3, 9, '9', 'new')",
];

async function pipelineOf(
  scope: Scope,
  server: typeof stack.mysql,
  ddl: Record<string, string>,
): Promise<SinkPipeline> {
  const database = await SourceDatabase.create(scope, server, 'follows');
  await database.run(
    ...ORDERS,
    'CREATE TABLE other (id INT NOT NULL PRIMARY KEY)',
    'INSERT INTO other VALUES (1)',
  );
  return SinkPipeline.create(scope, { stack, database, sections: { ddl } });
}

describe.each([stack.mysql, stack.mariadb])('$flavour', (server) => {
  test('columns are added, widened, retyped, renamed and dropped in every store', async () => {
    const pipeline = await pipelineOf(testScope(), server, { breaking: 'apply' });
    await pipeline.start('capture');
    await Promise.all(SINK_SERVICES.map((name) => pipeline.launch(name, QUICK)));
    await pipeline.converged();
    const changes = [
      "ADD COLUMN c DECIMAL(9,2) NOT NULL DEFAULT 1.50, MODIFY state ENUM('new','paid') NULL",
      'MODIFY a BIGINT NOT NULL',
      'MODIFY a VARCHAR(20) NOT NULL',
      'CHANGE b label VARCHAR(40)',
      'DROP COLUMN c',
    ];
    for (const [index, change] of changes.entries()) {
      await pipeline.database.run(
        `ALTER TABLE orders ${change}`,
        `INSERT INTO orders (id, a) VALUES (${10 + index}, ${index})`,
      );
    }
    await pipeline.database.run(
      "UPDATE orders SET a = 'text', label = REPEAT('x', 40), state = 'paid' WHERE id = 3",
    );
    // Each ALTER costs the reading of the table.
    await pipeline.converged(undefined, 120_000);
    for (const sink of SINK_NAMES) expect(await pipeline.deadLetters(sink)).toEqual([]);
  });

  test('tables that swap their names have the rows of the other, though neither has values for it', async () => {
    const scope = testScope();
    const database = await SourceDatabase.create(scope, server, 'swaps');
    await database.run(
      'CREATE TABLE a (l INT NOT NULL PRIMARY KEY, p MEDIUMINT)',
      'INSERT INTO a VALUES (8, 80), (3, 51)',
      'CREATE TABLE b (id INT NOT NULL PRIMARY KEY, p POINT, x TEXT)',
      "INSERT INTO b VALUES (5, NULL, 'x'), (7, ST_GeomFromText('POINT(1 2)'), 'a')",
      'CREATE TABLE texts (id VARCHAR(9) NOT NULL PRIMARY KEY)',
      "INSERT INTO texts VALUES ('one'), ('two')",
      'CREATE TABLE numbers (id INT NOT NULL PRIMARY KEY)',
      'INSERT INTO numbers VALUES (1), (2)',
    );
    const sections = { ddl: { rename: 'apply', breaking: 'apply' } };
    const pipeline = await SinkPipeline.create(scope, { stack, database, sections });
    await pipeline.start('capture');
    await Promise.all(SINK_SERVICES.map((name) => pipeline.launch(name, QUICK)));
    await pipeline.converged();
    await database.run(
      'RENAME TABLE a TO c, b TO a, c TO b',
      "INSERT INTO a VALUES (8, NULL, 'y')",
      'UPDATE b SET p = 1 WHERE l = 3',
      'RENAME TABLE texts TO between_them, numbers TO texts, between_them TO numbers',
      "INSERT INTO numbers VALUES ('three')",
    );
    await pipeline.converged(undefined, 120_000);
    for (const sink of SINK_NAMES) expect(await pipeline.deadLetters(sink)).toEqual([]);
  });
});

test.each([
  ['truncate', 'TRUNCATE TABLE orders'],
  ['drop', 'DROP TABLE orders', ORDERS[0]],
  ['rename', 'RENAME TABLE orders TO sold', ORDERS[0]],
])('%s by `pause-table` holds its table alone, until it is resumed', async (kind, ...statements) => {
  const pipeline = await pipelineOf(testScope(), stack.mysql, { [kind]: 'pause-table' });
  await pipeline.start('capture');
  const processes = [await pipeline.launch('sink-mysql', QUICK), await pipeline.launch('sink-mysql', QUICK)];
  const { stores } = pipeline;
  const counts = async (): Promise<string> => {
    const orders = quoteTable(stores.targetDatabase, 'orders');
    const other = quoteTable(stores.targetDatabase, 'other');
    const sql = `SELECT CONCAT((SELECT COUNT(*) FROM ${orders}), ' ', (SELECT COUNT(*) FROM ${other})) AS n`;
    const [rows] = await stores.target.query<RowDataPacket[]>(sql);
    return String(rows[0]?.['n']);
  };
  await eventually('the rows', async () => (await counts()) === '3 1');
  await eventually('both processes to have partitions of the table', async () => {
    const pages = await Promise.all(processes.map(({ opsUrl }) => page(`${opsUrl}/status`)));
    const topic = pipeline.topic('orders');
    const shares = pages.map(({ body }) => {
      const { lag } = body as { lag: { partitions: { topic: string }[] } };
      return lag.partitions.filter((place) => place.topic === topic).length;
    });
    return shares.every((share) => share > 0) && shares.reduce((sum, share) => sum + share) === 3;
  });
  await pipeline.database.run(
    ...statements.map(String),
    "INSERT INTO orders VALUES (5, 5, 'five', 'new')",
    'INSERT INTO other VALUES (2)',
  );
  await eventually('the other table to go on', async () => (await counts()) === '3 2');
  const held = await eventually('the table to wait in both processes', async () => {
    const pages = await Promise.all(processes.map(({ opsUrl }) => page(`${opsUrl}/tables/paused`)));
    const changes = pages.flatMap(({ body }) => (body as { paused: { id: string; table: string }[] }).paused);
    return changes.length === 2 && changes;
  });
  expect(held[0]).toEqual(held[1]);
  expect(held[0]?.table).toBe(`${pipeline.name}.orders`);
  // By the file of the first process, which has its address alone.
  const line = `table resume --table ${pipeline.name}.orders --sink mysql --by ann`;
  const resumed = await sluice(processes[0]?.configFile ?? '', line);
  const each = {
    service: 'sink-mysql',
    instance: expect.any(String) as string,
    lifted: false,
    problem: null,
  };
  expect(resumed).toMatchObject({ code: 0, document: { services: [each, each] } });
  // What the first has released the second may know by the time that it is asked.
  const { services } = resumed.document as { services: { resumed: string[] }[] };
  expect(new Set(services.flatMap((one) => one.resumed))).toEqual(new Set([held[0]?.id]));
  expect(resumed.said).toContain(`released ${held[0]?.id}`);
  await eventually('the table to go on', async () => (await counts()) === '1 2');
});

test('an order to resume a table reaches a change that no process holds yet, because another one takes its place', async () => {
  const pipeline = await pipelineOf(testScope(), stack.mysql, { truncate: 'pause-table' });
  await pipeline.start('capture');
  const first = await pipeline.launch('sink-mysql', QUICK);
  const table = `${pipeline.name}.orders`;
  const { target, targetDatabase } = pipeline.stores;
  const rows = async (): Promise<number> => {
    const sql = `SELECT id FROM ${quoteTable(targetDatabase, 'orders')}`;
    return (await target.query<RowDataPacket[]>(sql))[0].length;
  };
  await eventually('the rows', async () => (await rows()) === 3);
  const pauseOrder = await sluice(first.configFile, `table pause --table ${table} --sink mysql --by ann`);
  expect(pauseOrder).toMatchObject({
    code: 0,
    document: { sinks: [{ problems: [], obeying: [expect.any(String)] }] },
  });
  await pipeline.database.run('TRUNCATE TABLE orders', "INSERT INTO orders VALUES (5, 5, 'five', 'new')");
  await first.process.stop();

  const second = await pipeline.launch('sink-mysql', QUICK);
  await eventually('its pages', async () => (await page(`${second.opsUrl}/status`)).status === 200);
  const resumed = await sluice(second.configFile, `table resume --table ${table} --sink mysql --by ann`);
  expect(resumed).toMatchObject({ code: 0, document: { services: [{ lifted: true, problem: null }] } });
  expect(resumed.said).toContain(`released ddl/${pipeline.topic('orders')}/${table}/`);
  await eventually('the table to go on', async () => (await rows()) === 1);
});
