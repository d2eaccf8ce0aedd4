import { startStack } from '@sluice/local-stack';
import { afterAll, describe, expect, test } from 'vitest';
import { CapturePipeline } from '../harness/pipelines/capture-pipeline.ts';
import { eventually } from '../harness/eventually.ts';
import { testScope, uniqueName } from '../harness/scope.ts';
import { sluice } from '../harness/processes/sluice-command.ts';
import { SourceDatabase } from '../harness/pipelines/source-database.ts';
import { readEnvelopes, readRows } from '../harness/records/table-records.ts';

/** What the binlog does not tell of a table: an ALTER that was kept out of it, rows that a foreign key changes. */

const stack = await startStack({ servers: ['kafka', 'mysql', 'mariadb'] });
afterAll(() => stack.stop());

interface Listing {
  readonly entries: readonly { readonly class: string; readonly tables: readonly string[] }[];
}

describe.each([stack.mysql, stack.mariadb])('$flavour', (server) => {
  test('a table that was altered without a word in the binlog is read again, with an alert', async () => {
    const scope = testScope();
    const database = await SourceDatabase.create(scope, server, 'unseen');
    await database.run(
      'CREATE TABLE orders (id INT NOT NULL PRIMARY KEY, old INT NOT NULL)',
      'INSERT INTO orders VALUES (1, 1), (2, 2)',
      'CREATE TABLE wider LIKE orders',
      'INSERT INTO wider VALUES (1, 1)',
      'CREATE TABLE told LIKE orders',
    );
    const pipeline = await CapturePipeline.create(scope, {
      database,
      brokers: stack.kafka.brokers,
      sections: { topics: { partitions: 1 }, ddl: { breaking: 'apply', drop: 'apply' } },
    });
    const capture = await pipeline.start();
    await pipeline.snapshotDone(capture, ['orders', 'wider', 'told']);
    const quiet = await database.connect();
    await quiet.query('SET SESSION sql_log_bin = 0');
    await quiet.query('ALTER TABLE orders ADD COLUMN c INT NOT NULL DEFAULT 7 AFTER id, DROP COLUMN old');
    await quiet.query('ALTER TABLE wider ADD COLUMN c INT NOT NULL DEFAULT 7');
    // Both in one transaction; the statement about `told` is seen by a life that meets no row of it.
    await database.run(
      'START TRANSACTION',
      'INSERT INTO orders VALUES (3, 8)',
      'INSERT INTO wider VALUES (2, 2, 8)',
      'COMMIT',
      'DROP TABLE told',
      'CREATE TABLE told (id INT NOT NULL PRIMARY KEY, v VARCHAR(9))',
    );
    const rowsOf = async (table: string): Promise<unknown[]> =>
      (await readRows(pipeline.reader, pipeline.topic(table))).map(({ payload }) => payload.after);
    await eventually('the rows of before', async () => {
      const rows = JSON.stringify([await rowsOf('orders'), await rowsOf('wider')]);
      return rows.includes('{"id":2,"c":7}') && rows.includes('{"id":1,"old":1,"c":7}');
    });
    await pipeline.snapshotDone(capture, ['orders', 'wider', 'told']);
    await capture.kill();
    const second = await pipeline.start();
    await database.run("INSERT INTO told VALUES (1, 'a')");
    await pipeline.arrived(second, 'told', '{"id":1}');
    const { entries } = (await sluice(pipeline.configFile, 'ddl alerts')).document as Listing;
    expect(entries.map(({ class: kind, tables }) => [kind, ...tables])).toEqual([
      ['breaking', `${database.name}.orders`],
      ['additive', `${database.name}.wider`],
    ]);
    expect((await rowsOf('orders')).slice(-3)).toEqual([
      { id: 1, c: 7 },
      { id: 2, c: 7 },
      { id: 3, c: 8 },
    ]);
  });

  test('a table that is gone without a statement is told as dropped at the next start, one with a statement once', async () => {
    const scope = testScope();
    const database = await SourceDatabase.create(scope, server, 'vanished');
    await database.run(
      'CREATE TABLE orders (id INT NOT NULL PRIMARY KEY)',
      'INSERT INTO orders VALUES (1)',
      'CREATE TABLE gone LIKE orders',
      'INSERT INTO gone VALUES (1)',
      'CREATE TABLE dropped LIKE orders',
    );
    const pipeline = await CapturePipeline.create(scope, {
      database,
      brokers: stack.kafka.brokers,
      sections: { topics: { partitions: 1 }, ddl: { drop: 'apply' } },
    });
    const capture = await pipeline.start();
    await pipeline.snapshotDone(capture, ['orders', 'gone', 'dropped']);
    expect(await capture.stop()).toMatchObject({ code: 0 });
    const quiet = await database.connect();
    await quiet.query('SET SESSION sql_log_bin = 0');
    await quiet.query('DROP TABLE gone');
    await database.run('DROP TABLE dropped', 'INSERT INTO orders VALUES (2)');
    const alerts = async (): Promise<unknown[]> =>
      ((await sluice(pipeline.configFile, 'ddl alerts')).document as Listing).entries.map(
        ({ class: kind, tables }) => [kind, ...tables],
      );
    const second = await pipeline.start();
    await pipeline.arrived(second, 'orders', '{"id":2}');
    await eventually('the alert', async () => (await alerts()).length > 0);
    expect(await alerts()).toEqual([['drop', `${database.name}.gone`]]);
    const records = await readEnvelopes(pipeline.reader, pipeline.topic('gone'));
    expect(records.filter(({ key }) => key === '{"$sluice":"truncate"}')).toHaveLength(1);
    expect(await second.stop()).toMatchObject({ code: 0 });
    // It is told once.
    const third = await pipeline.start();
    await database.run('INSERT INTO orders VALUES (3)');
    await pipeline.arrived(third, 'orders', '{"id":3}');
    expect(await alerts()).toHaveLength(1);
    expect(await third.stop()).toMatchObject({ code: 0 });
  });
});

test('a foreign key whose deletes are in no binlog is told, also one that comes into being later', async () => {
  const scope = testScope();
  const database = await SourceDatabase.create(scope, stack.mariadb, 'cascades');
  const user = uniqueName('cascades').slice(0, 30);
  const children = (parent: string): string =>
    `id INT NOT NULL PRIMARY KEY, p INT, FOREIGN KEY (p) REFERENCES ${parent} (id) ON DELETE CASCADE`;
  await database.run(
    'CREATE TABLE parent (id INT NOT NULL PRIMARY KEY)',
    `CREATE TABLE child (${children('parent')})`,
    `CREATE USER '${user}'@'%' IDENTIFIED BY 'Pass-word-4'`,
    `GRANT REPLICATION SLAVE, REPLICATION CLIENT ON *.* TO '${user}'@'%'`,
    `GRANT SELECT ON \`${database.name}\`.* TO '${user}'@'%'`,
  );
  scope.defer(() => database.run(`DROP USER '${user}'@'%'`));
  const pipeline = await CapturePipeline.create(scope, {
    database,
    brokers: stack.kafka.brokers,
    sections: { topics: { partitions: 1 }, source: { user, password: 'Pass-word-4' } },
  });
  const capture = await pipeline.start();
  const alerts = async (): Promise<string[]> =>
    ((await sluice(pipeline.configFile, 'ddl alerts')).document as Listing).entries.map(
      ({ class: kind, tables }) => `${kind} ${tables.join()}`,
    );
  const [first, second] = ['child', 'later'].map((table) => `cascade ${database.name}.${table}`);
  await eventually('the first alert', async () => (await alerts()).length === 1);
  await database.run(`CREATE TABLE later (${children('parent')})`);
  await eventually('the second alert', async () => (await alerts()).length === 2);
  expect(await alerts()).toEqual([first, second]);
  expect(await capture.status()).toMatchObject({
    gaps: { replica: null, cascades: [`${database.name}.child`, `${database.name}.later`] },
  });
  await capture.stop();
  const again = await pipeline.start();
  await again.logged('capture.cascades_not_logged');
  expect(await alerts()).toEqual([first, second]);
});
