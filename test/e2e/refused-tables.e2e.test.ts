import { readFile, writeFile } from 'node:fs/promises';
import { startStack } from '@sluice/local-stack';
import { afterAll, describe, expect, test } from 'vitest';
import { CapturePipeline } from '../harness/pipelines/capture-pipeline.ts';
import { eventually } from '../harness/eventually.ts';
import { testScope } from '../harness/scope.ts';
import type { ServiceProcess } from '../harness/processes/service-process.ts';
import { SourceDatabase } from '../harness/pipelines/source-database.ts';
import { readRows } from '../harness/records/table-records.ts';

/** Tables that nobody can capture, made while capture runs: it says so, and the others go on. */

const stack = await startStack({ servers: ['kafka', 'mysql', 'mariadb'] });
afterAll(() => stack.stop());

describe.each([stack.mysql, stack.mariadb])('$flavour', (server) => {
  test('a table without a key is left alone until it has one', async () => {
    const scope = testScope();
    const database = await SourceDatabase.create(scope, server, 'refused');
    await database.run(
      'CREATE TABLE orders (id INT NOT NULL PRIMARY KEY, v VARCHAR(20))',
      "INSERT INTO orders VALUES (1, 'first')",
    );
    const tables = [`${database.name}.*`, `${database.name}_empty.*`];
    const sections = { topics: { partitions: 1 }, source: { tables } };
    const pipeline = await CapturePipeline.create(scope, {
      database,
      brokers: stack.kafka.brokers,
      sections,
    });
    const capture = await pipeline.start();
    await pipeline.snapshotDone(capture, ['orders']);
    await database.run(
      'CREATE TABLE promoted (a INT NOT NULL, b INT, UNIQUE KEY (a))',
      'INSERT INTO promoted VALUES (1, 10)',
      'CREATE TABLE later (x INT NOT NULL)',
      'INSERT INTO later VALUES (7)',
      'CREATE TABLE quiet (x INT)',
      'ALTER TABLE orders ADD COLUMN c INT',
      "INSERT INTO orders VALUES (2, 'second', 3)",
    );
    await rowHasCome(pipeline, 'orders', '{"id":2}');
    const refused = (): Set<unknown> =>
      new Set(
        capture.log
          .filter(({ event }) => event === 'capture.table_refused')
          .map((line) => (line as { table?: unknown }).table),
      );
    await eventually('all to be named', () => refused().size === 4);
    expect(refused()).toEqual(
      new Set([
        `${database.name}_empty.*`,
        ...['promoted', 'later', 'quiet'].map((name) => `${database.name}.${name}`),
      ]),
    );
    expect(await capture.status()).toMatchObject({
      refused: expect.arrayContaining([
        expect.objectContaining({ table: `${database.name}.quiet`, code: 'TABLE_WITHOUT_KEY' }),
      ]) as unknown,
    });
    expect(await capture.get('/health')).toMatchObject({
      status: 'degraded',
      components: {
        tables: {
          status: 'degraded',
          detail: expect.stringMatching(/^4 not captured: .* and 1 more: see sluice plan$/u) as unknown,
        },
      },
    });

    await database.run('ALTER TABLE promoted ADD PRIMARY KEY (a)', 'ALTER TABLE later ADD PRIMARY KEY (x)');
    await pipeline.snapshotDone(capture, ['orders', 'promoted', 'later']);
    for (const [table, row] of [
      ['promoted', { a: 1, b: 10 }],
      ['later', { x: 7 }],
    ] as const) {
      const rows = await readRows(pipeline.reader, pipeline.topic(table));
      expect(rows.map(({ payload }) => payload.after)).toEqual([row]);
    }
    expect(await pipeline.topicNames()).not.toContain(pipeline.topic('quiet'));
    expect(await capture.stop()).toMatchObject({ code: 0 });

    const again = await pipeline.start();
    expect(await uncaptured(again)).toEqual([`${database.name}.quiet`, `${database.name}_empty.*`]);
    await again.stop();
    const config = JSON.parse(await readFile(pipeline.configFile, 'utf8')) as { source: object };
    Object.assign(config.source, { strictTables: true });
    await writeFile(pipeline.configFile, JSON.stringify(config));
    const strict = pipeline.launch();
    expect(await strict.ended).toMatchObject({ code: 69 });
    expect(strict.log.at(-1)?.err?.code).toBe('PREFLIGHT_FAILED');
    expect(strict.output).toContain(`table ${database.name}.quiet: found no primary key`);
    expect(strict.log.at(-1)?.err?.message).toContain(`"${database.name}_empty.*" matches no table`);
  });

  test('a table that was captured by a key, and has none any more, is left alone until it has one', async () => {
    const scope = testScope();
    const database = await SourceDatabase.create(scope, server, 'keyless');
    for (const table of ['dropped', 'lost', 'chosen', 'away'])
      await database.run(
        `CREATE TABLE ${table} (id INT NOT NULL, n INT NOT NULL, ${table === 'chosen' ? 'UNIQUE KEY u (id)' : 'PRIMARY KEY (id)'})`,
        `INSERT INTO ${table} VALUES (1, 1)`,
      );
    await database.run('CREATE TABLE marker (id INT NOT NULL PRIMARY KEY)');
    const pipeline = await CapturePipeline.create(scope, {
      database,
      brokers: stack.kafka.brokers,
      sections: {
        topics: { partitions: 1 },
        source: { keys: { [`${database.name}.chosen`]: ['id'] } },
      },
    });
    const names = ['chosen', 'dropped', 'lost'].map((name) => `${database.name}.${name}`);
    const capture = await pipeline.start();
    await pipeline.snapshotDone(capture, ['dropped', 'lost', 'chosen', 'away', 'marker']);
    await database.run(
      'DROP TABLE dropped',
      'CREATE TABLE dropped (id INT NOT NULL, n INT NOT NULL)',
      'INSERT INTO dropped VALUES (2, 2), (3, 3)',
      'ALTER TABLE lost DROP PRIMARY KEY',
      'INSERT INTO lost VALUES (2, 2)',
      'ALTER TABLE chosen DROP KEY u, DROP COLUMN id',
      'INSERT INTO chosen VALUES (2)',
      'INSERT INTO marker VALUES (1)',
    );
    await pipeline.arrived(capture, 'marker', '{"id":1}');
    await eventually('all to be left alone', async () => (await uncaptured(capture)).length === 3);
    expect(await uncaptured(capture)).toEqual(names);
    await capture.kill();
    // One more while nobody looks.
    await database.run('ALTER TABLE away DROP PRIMARY KEY', 'INSERT INTO away VALUES (2, 2)');
    const second = await pipeline.start();
    await eventually('four to be left alone', async () => (await uncaptured(second)).length === 4);
    for (const table of ['dropped', 'lost', 'away'])
      await database.run(`ALTER TABLE ${table} ADD PRIMARY KEY (id)`);
    await database.run('ALTER TABLE chosen ADD id INT NOT NULL FIRST, ADD UNIQUE KEY u (n)');
    await database.run('UPDATE chosen SET id = n', 'ALTER TABLE chosen ADD UNIQUE KEY (id)');
    await database.run('ALTER TABLE chosen ADD extra INT', 'INSERT INTO marker VALUES (2)');
    await pipeline.arrived(second, 'marker', '{"id":2}');
    await pipeline.snapshotDone(second, ['dropped', 'lost', 'chosen', 'away', 'marker']);
    expect(await uncaptured(second)).toEqual([]);
    const last = async (table: string, rows: number): Promise<unknown[]> =>
      (await readRows(pipeline.reader, pipeline.topic(table)))
        .slice(-rows)
        .map(({ payload }) => payload.after);
    for (const table of ['lost', 'away'])
      expect(await last(table, 2)).toEqual([
        { id: 1, n: 1 },
        { id: 2, n: 2 },
      ]);
    expect(await last('dropped', 2)).toEqual([
      { id: 2, n: 2 },
      { id: 3, n: 3 },
    ]);
    expect(await last('chosen', 2)).toEqual([
      { id: 1, n: 1, extra: null },
      { id: 2, n: 2, extra: null },
    ]);
    expect(await second.stop()).toMatchObject({ code: 0 });
  });

  test('a table whose engine keeps no rows is left alone until it has another', async () => {
    const scope = testScope();
    const database = await SourceDatabase.create(scope, server, 'engines');
    const columns = '(id INT NOT NULL PRIMARY KEY, v VARCHAR(20))';
    await database.run(
      `CREATE TABLE orders ${columns}`,
      "INSERT INTO orders VALUES (1, 'first')",
      `CREATE TABLE part ${columns} ENGINE=MyISAM`,
      "INSERT INTO part VALUES (7, 'in the part')",
      `CREATE TABLE merged ${columns} ENGINE=MERGE UNION=(part) INSERT_METHOD=LAST`,
    );
    const pipeline = await CapturePipeline.create(scope, { database, brokers: stack.kafka.brokers });
    const capture = await pipeline.start();
    await pipeline.snapshotDone(capture, ['orders', 'part']);
    expect(await uncaptured(capture)).toEqual([`${database.name}.merged`]);
    expect(await capture.status()).toMatchObject({ refused: [{ code: 'TABLE_ENGINE_REFUSED' }] });
    await database.run('ALTER TABLE merged ENGINE=InnoDB');
    await rowHasCome(pipeline, 'merged', '{"id":7}');
    expect(await uncaptured(capture)).toEqual([]);
    // MariaDB has BLACKHOLE as a plugin.
    if (server.flavour === 'mysql') {
      await database.run('ALTER TABLE orders ENGINE=BLACKHOLE');
      await eventually('orders to be left alone', async () => (await uncaptured(capture)).length === 1);
      const rows = await readRows(pipeline.reader, pipeline.topic('orders'));
      expect(rows.map(({ key }) => key)).toEqual(['{"id":1}']);
      await database.run('ALTER TABLE orders ENGINE=InnoDB', "INSERT INTO orders VALUES (2, 'second')");
      await rowHasCome(pipeline, 'orders', '{"id":2}');
      expect(await uncaptured(capture)).toEqual([]);
    }
    expect(await capture.stop()).toMatchObject({ code: 0 });
  });
});

async function uncaptured(capture: ServiceProcess): Promise<string[]> {
  const { refused } = (await capture.status()) as { refused: readonly { table: string }[] };
  return refused.map(({ table }) => table).sort();
}

async function rowHasCome(pipeline: CapturePipeline, table: string, wanted: string): Promise<void> {
  await eventually(`${wanted} in ${table}`, async () => {
    const rows = await readRows(pipeline.reader, pipeline.topic(table));
    return rows.some(({ key }) => key === wanted);
  });
}
