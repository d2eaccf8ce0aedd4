import { startStack } from '@sluice/local-stack';
import { quoteTable } from '@sluice/mysql';
import { afterAll, describe, expect, test } from 'vitest';
import { CapturePipeline } from '../harness/pipelines/capture-pipeline.ts';
import { eventually } from '../harness/eventually.ts';
import { fixOf } from '../harness/named-fixes.ts';
import { testScope, uniqueName } from '../harness/scope.ts';
import type { ServiceProcess } from '../harness/processes/service-process.ts';
import { SourceDatabase } from '../harness/pipelines/source-database.ts';
import { readRows } from '../harness/records/table-records.ts';

/** Tables, columns and databases that the account of capture may not see: they are there, and somebody is told. */

/** Rows that are still being read, ten at a time, when a test has seen the first of them. */
const MANY = 20_000;

const stack = await startStack({ servers: ['kafka', 'mysql', 'mariadb'] });
afterAll(() => stack.stop());

describe.each([stack.mysql, stack.mariadb])('$flavour', (server) => {
  test('what may not be read is left alone by name, and whole when it may', async () => {
    const scope = testScope();
    const database = await SourceDatabase.create(scope, server, 'hidden');
    const user = uniqueName('hidden').slice(0, 30);
    const name = (table: string): string => quoteTable(database.name, table);
    const grant = (what: string, on: string): string => `GRANT ${what} ON ${on} TO '${user}'@'%'`;
    for (const table of ['orders', 'secret', 'part', 'viewed', 'written'])
      await database.run(
        `CREATE TABLE ${table} (id INT NOT NULL PRIMARY KEY, a INT, b INT)`,
        `INSERT INTO ${table} VALUES (1, 10, 100)`,
      );
    await database.run(
      'CREATE VIEW seen AS SELECT * FROM viewed',
      `CREATE USER '${user}'@'%' IDENTIFIED BY 'Pass-word-4'`,
      grant('REPLICATION SLAVE, REPLICATION CLIENT', '*.*'),
      grant('SELECT', name('orders')),
      grant('SELECT', name('seen')),
      grant('SELECT (id, a)', name('part')),
      grant('INSERT', name('written')),
    );
    scope.defer(() => database.run(`DROP USER '${user}'@'%'`));
    const pipeline = await CapturePipeline.create(scope, {
      database,
      brokers: stack.kafka.brokers,
      sections: {
        topics: { partitions: 1 },
        source: { user, password: 'Pass-word-4' },
        snapshot: { chunkRows: 10 },
      },
    });
    const capture = await pipeline.start();
    await pipeline.snapshotDone(capture, ['orders']);
    expect(await uncaptured(capture)).toEqual(['TABLE_HIDDEN part', 'TABLE_HIDDEN written']);
    await database.run(
      'INSERT INTO secret VALUES (2, 20, 200)',
      'UPDATE part SET b = 101',
      'UPDATE viewed SET b = 101',
      'UPDATE written SET b = 101',
      'INSERT INTO orders VALUES (2, 20, 200)',
    );
    await pipeline.arrived(capture, 'orders', '{"id":2}');
    expect(await uncaptured(capture)).toEqual([
      'TABLE_HIDDEN part',
      'TABLE_HIDDEN secret',
      'TABLE_HIDDEN viewed',
      'TABLE_HIDDEN written',
    ]);
    expect(capture.log.map(({ event }) => event)).not.toContain('capture.reads_again');
    const refusals = capture.log.filter(({ event }) => event === 'capture.table_refused');
    const statements = grantsIn(refusals.map(({ msg }) => msg).join('\n'));
    expect(statements).toContain(`GRANT SELECT ON ${name('secret')} TO '${user}'@'%';`);
    const topics = await pipeline.topicNames();
    for (const table of ['secret', 'part', 'viewed', 'written'])
      expect(topics).not.toContain(pipeline.topic(table));
    expect(await capture.stop()).toMatchObject({ code: 0 });

    await database.run(
      ...statements,
      'CREATE TABLE many (id INT NOT NULL PRIMARY KEY)',
      `INSERT INTO many VALUES ${Array.from({ length: MANY }, (_, id) => `(${id})`).join()}`,
      grant('SELECT', name('many')),
    );
    const second = await pipeline.start();
    await eventually('many to be read', async () => (await rowsRead(second, 'many')) > 0);
    await database.run(`REVOKE SELECT ON ${name('many')} FROM '${user}'@'%'`);
    await eventually('many to be left alone', async () =>
      (await uncaptured(second)).includes('TABLE_HIDDEN many'),
    );
    expect(await rowsRead(second, 'many')).toBeLessThan(MANY);
    await database.run('DROP TABLE many');
    await pipeline.snapshotDone(second, ['orders', 'secret', 'part', 'viewed', 'written']);
    expect(await uncaptured(second)).toEqual([]);
    for (const [table, rows] of [
      [
        'secret',
        [
          [1, 10, 100],
          [2, 20, 200],
        ],
      ],
      ['part', [[1, 10, 101]]],
      ['viewed', [[1, 10, 101]]],
      ['written', [[1, 10, 101]]],
    ] as const) {
      const found = await readRows(pipeline.reader, pipeline.topic(table));
      expect(found.map(({ payload }) => Object.values(payload.after ?? {}))).toEqual(rows);
    }

    // A table that becomes another's name, which no grant is about, and one that is gone when its rows are read.
    await database.run('RENAME TABLE orders TO moved', 'INSERT INTO moved VALUES (3, 30, 300)');
    await eventually('moved to be left alone', async () =>
      (await uncaptured(second)).includes('TABLE_HIDDEN moved'),
    );
    await database.run('DROP TABLE moved');
    await eventually('nothing to be left alone', async () => (await uncaptured(second)).length === 0);
    expect(await second.stop()).toMatchObject({ code: 0 });
  });

  test('a table whose right was taken away is named at the start, and whole when it is given back', async () => {
    const scope = testScope();
    const database = await SourceDatabase.create(scope, server, 'revoked');
    const user = uniqueName('revoked').slice(0, 30);
    const right = (verb: 'GRANT' | 'REVOKE', table: string): string =>
      `${verb} SELECT ON ${quoteTable(database.name, table)} ${verb === 'GRANT' ? 'TO' : 'FROM'} '${user}'@'%'`;
    for (const table of ['orders', 'lost', 'gone'])
      await database.run(
        `CREATE TABLE ${table} (id INT NOT NULL PRIMARY KEY)`,
        `INSERT INTO ${table} VALUES (1)`,
      );
    await database.run(
      `CREATE USER '${user}'@'%' IDENTIFIED BY 'Pass-word-4'`,
      `GRANT REPLICATION SLAVE, REPLICATION CLIENT ON *.* TO '${user}'@'%'`,
      ...['orders', 'lost', 'gone'].map((table) => right('GRANT', table)),
    );
    scope.defer(() => database.run(`DROP USER '${user}'@'%'`));
    const pipeline = await CapturePipeline.create(scope, {
      database,
      brokers: stack.kafka.brokers,
      sections: { topics: { partitions: 1 }, source: { user, password: 'Pass-word-4' } },
    });
    const capture = await pipeline.start();
    await pipeline.snapshotDone(capture, ['orders', 'lost', 'gone']);
    expect(await uncaptured(capture)).toEqual([]);
    expect(await capture.stop()).toMatchObject({ code: 0 });

    await database.run(right('REVOKE', 'lost'), 'DROP TABLE gone', 'INSERT INTO lost VALUES (2)');
    const second = await pipeline.start();
    expect(await uncaptured(second)).toEqual(['TABLE_HIDDEN lost']);
    await database.run('INSERT INTO lost VALUES (3)', 'INSERT INTO orders VALUES (2)');
    await pipeline.arrived(second, 'orders', '{"id":2}');
    expect(await uncaptured(second)).toEqual(['TABLE_HIDDEN lost']);
    const refusal = second.log.find(({ event }) => event === 'capture.table_refused');
    await second.stop();

    await database.run(...grantsIn(refusal?.msg ?? ''));
    const third = await pipeline.start();
    await pipeline.snapshotDone(third, ['orders', 'lost']);
    expect(await uncaptured(third)).toEqual([]);
    const rows = await readRows(pipeline.reader, pipeline.topic('lost'));
    expect(new Set(rows.map(({ payload }) => payload.after?.['id']))).toEqual(new Set([1, 2, 3]));
    expect(await third.stop()).toMatchObject({ code: 0 });
  });

  test('an account without rights is refused, and starts with those that the message gives it', async () => {
    const scope = testScope();
    const database = await SourceDatabase.create(scope, server, 'unread');
    const user = uniqueName('unread').slice(0, 30);
    const later = `${database.name}_later`;
    scope.defer(() => database.run(`DROP DATABASE IF EXISTS ${later}`));
    await database.run(
      'CREATE TABLE orders (id INT NOT NULL PRIMARY KEY)',
      `CREATE USER '${user}'@'%' IDENTIFIED BY 'Pass-word-4'`,
    );
    scope.defer(() => database.run(`DROP USER '${user}'@'%'`));
    const pipeline = await CapturePipeline.create(scope, {
      database,
      brokers: stack.kafka.brokers,
      sections: {
        topics: { partitions: 1 },
        source: { user, password: 'Pass-word-4', tables: [`${database.name}.*`, `${later}.*`] },
      },
    });
    const capture = pipeline.launch();
    expect(await capture.ended).toMatchObject({ code: 69 });
    const { err } = capture.log.at(-1) ?? {};
    expect(err).toMatchObject({ code: 'PREFLIGHT_FAILED', fix: fixOf('PREFLIGHT_FAILED') });
    const statements = grantsIn(err?.message ?? '');
    expect(statements).toHaveLength(4);
    await database.run(...statements);
    const second = await pipeline.start();
    await pipeline.snapshotDone(second, ['orders']);
    expect(await uncaptured(second)).toEqual(['PATTERN_WITHOUT_TABLE *']);
    expect(fixOf('PATTERN_WITHOUT_TABLE')).toMatch(/^Create the table, and it is captured\./);
    await database.run(`CREATE DATABASE ${later}`, `CREATE TABLE ${later}.t (id INT NOT NULL PRIMARY KEY)`);
    await eventually('nothing to be left alone', async () => (await uncaptured(second)).length === 0);
    expect(await second.stop()).toMatchObject({ code: 0 });
  });
});

/** The statements of a message, as they stand there. */
function grantsIn(message: string): string[] {
  return message.match(/GRANT [^;]*;/gu) ?? [];
}

async function rowsRead(capture: ServiceProcess, table: string): Promise<number> {
  const { snapshot } = (await capture.status()) as {
    snapshot: Readonly<Record<string, { readonly rows: number }>>;
  };
  return Object.entries(snapshot).find(([id]) => id.endsWith(`.${table}`))?.[1].rows ?? 0;
}

async function uncaptured(capture: ServiceProcess): Promise<string[]> {
  const { refused } = (await capture.status()) as { refused: readonly { table: string; code: string }[] };
  return refused.map(({ table, code }) => `${code} ${table.split('.')[1] ?? ''}`).sort();
}
