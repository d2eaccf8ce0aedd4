import { readFile, writeFile } from 'node:fs/promises';
import { startStack } from '@sluice/local-stack';
import { afterAll, describe, expect, test } from 'vitest';
import { CapturePipeline } from '../harness/pipelines/capture-pipeline.ts';
import { eventually } from '../harness/eventually.ts';
import { testScope } from '../harness/scope.ts';
import type { ServiceProcess } from '../harness/processes/service-process.ts';
import { SourceDatabase } from '../harness/pipelines/source-database.ts';

/** Settings hide columns, rows and tables by name: what statements do to names must not bring it out. */

const stack = await startStack({ servers: ['kafka', 'mysql', 'mariadb'] });
afterAll(() => stack.stop());

/** Every value that is hidden holds this text, and no other does. */
const SECRET = 'canary-4711';

describe.each([stack.mysql, stack.mariadb])('$flavour', (server) => {
  async function hidingPipeline(): Promise<CapturePipeline> {
    const scope = testScope();
    const database = await SourceDatabase.create(scope, server, 'hides');
    const { name } = database;
    await database.run(
      'CREATE TABLE users (id int PRIMARY KEY, email varchar(99), Phone varchar(99))',
      'CREATE TABLE sessions (id int PRIMARY KEY, token varchar(99))',
      'CREATE TABLE visits (id int PRIMARY KEY, kind varchar(9), who varchar(99))',
      'CREATE TABLE accounts (id int PRIMARY KEY, email varchar(99))',
      'CREATE TABLE mark (id int PRIMARY KEY)',
      `INSERT INTO users VALUES (1, '${SECRET}', '${SECRET}')`,
      `INSERT INTO sessions VALUES (1, '${SECRET}')`,
      `INSERT INTO visits VALUES (1, 'bot', '${SECRET}'), (2, 'human', 'Ann')`,
      `INSERT INTO accounts VALUES (1, '${SECRET}')`,
    );
    const hidden = { email: { exclude: true }, PHONE: { mask: '*' } };
    return CapturePipeline.create(scope, {
      database,
      brokers: stack.kafka.brokers,
      sections: {
        source: { excludeTables: [`${name}.sessions`] },
        tables: {
          [`${name}.users`]: { columns: hidden },
          [`${name}.visits`]: { where: "kind <> 'bot'" },
          [`${name}.accounts`]: { columns: { Email: { exclude: true } } },
        },
      },
    });
  }

  /** Waits until capture has passed everything that was written before. */
  async function passed(pipeline: CapturePipeline, capture: ServiceProcess, mark: number): Promise<void> {
    await pipeline.database.run(`INSERT INTO mark VALUES (${mark})`);
    await pipeline.arrived(capture, 'mark', `{"id":${mark}}`);
  }

  test('what is hidden stays so under every name, until an operator says otherwise', async () => {
    const pipeline = await hidingPipeline();
    const { database } = pipeline;
    const { name } = database;
    const first = await pipeline.start();
    await pipeline.snapshotDone(first, ['users', 'visits', 'accounts']);
    await database.run(
      'RENAME TABLE users TO people, sessions TO sessions_2025, visits TO visits_2025',
      `INSERT INTO people VALUES (2, '${SECRET}', '${SECRET}')`,
      `INSERT INTO sessions_2025 VALUES (2, '${SECRET}')`,
      `INSERT INTO visits_2025 VALUES (3, 'bot', '${SECRET}')`,
      // The table that was stopped gets a third name, under which nothing hides it either.
      'ALTER TABLE people RENAME TO persons',
      `INSERT INTO persons VALUES (3, '${SECRET}', '${SECRET}')`,
      // A copy of the hidden column in every row that is there.
      'ALTER TABLE accounts ADD COLUMN contact varchar(99) DEFAULT (email)',
      `INSERT INTO accounts (id, email) VALUES (2, '${SECRET}')`,
    );
    await passed(pipeline, first, 1);
    const stopped = ['people', 'persons', 'sessions_2025', 'visits_2025'].map((table) => `${name}.${table}`);
    const told = (await first.status()) as { stopped: string[]; refused: { table: string; code: string }[] };
    expect(told.stopped.toSorted()).toEqual(stopped);
    expect(told.refused).toMatchObject([{ table: `${name}.accounts`, code: 'TABLE_SHAPE_REFUSED' }]);
    expect(await first.stop()).toMatchObject({ code: 0 });

    // The next process knows it too.
    await database.run(
      `INSERT INTO persons VALUES (4, '${SECRET}', '${SECRET}')`,
      `INSERT INTO sessions_2025 VALUES (4, '${SECRET}')`,
    );
    const second = await pipeline.start();
    await passed(pipeline, second, 2);
    expect(((await second.status()) as typeof told).stopped.toSorted()).toEqual(stopped);
    expect(await placesOfSecret(pipeline)).toEqual([]);
    expect(`${first.output}${second.output}`).not.toContain(SECRET);

    const order = { table: `${name}.sessions_2025`, by: 'ann' };
    expect(await second.order('/api/tables/resume', order)).toMatchObject({ status: 200 });
    await eventually('the table that was let go', async () => (await placesOfSecret(pipeline)).length > 0);
    expect(await placesOfSecret(pipeline)).toEqual([pipeline.topic('sessions_2025')]);
  });

  test('a table that comes later is left alone until it is named', async () => {
    const scope = testScope();
    const database = await SourceDatabase.create(scope, server, 'later');
    const { name } = database;
    await database.run(
      'CREATE TABLE mark (id int PRIMARY KEY)',
      'CREATE TABLE old (id int PRIMARY KEY, token varchar(99))',
    );
    const sections = { source: { newTables: 'refuse' }, snapshot: { mode: 'initial' } };
    const pipeline = await CapturePipeline.create(scope, {
      database,
      brokers: stack.kafka.brokers,
      sections,
    });
    const refused = async (capture: ServiceProcess): Promise<string[]> => {
      const status = (await capture.status()) as { refused: { table: string; code: string }[] };
      return status.refused.map(({ table, code }) => `${code} ${table.slice(name.length + 1)}`).sort();
    };
    const first = await pipeline.start();
    await pipeline.snapshotDone(first, ['mark', 'old']);
    await database.run(
      'CREATE TABLE made (id int PRIMARY KEY, token varchar(99))',
      `INSERT INTO made VALUES (1, '${SECRET}')`,
      'RENAME TABLE old TO renamed',
      `INSERT INTO renamed VALUES (1, '${SECRET}')`,
      `CREATE TABLE copied (id int PRIMARY KEY) AS SELECT 1 AS id, '${SECRET}' AS token`,
    );
    await passed(pipeline, first, 1);
    expect(await refused(first)).toEqual(['TABLE_NEW copied', 'TABLE_NEW made', 'TABLE_NEW renamed']);
    const order = { tables: [`${name}.made`], by: 'ann' };
    expect(await first.order('/api/snapshots', order)).toMatchObject({ body: { code: 'SNAPSHOT_REFUSED' } });
    expect(await first.stop()).toMatchObject({ code: 0 });

    await database.run('CREATE TABLE later (id int PRIMARY KEY)', `INSERT INTO made VALUES (2, '${SECRET}')`);
    const second = await pipeline.start();
    await passed(pipeline, second, 2);
    expect(await refused(second)).toEqual(
      ['copied', 'later', 'made', 'renamed'].map((table) => `TABLE_NEW ${table}`),
    );
    expect(await placesOfSecret(pipeline)).toEqual([]);
    expect(await second.stop()).toMatchObject({ code: 0 });

    const config = JSON.parse(await readFile(pipeline.configFile, 'utf8')) as {
      source: { tables: string[] };
    };
    config.source.tables.push(`${name}.made`);
    await writeFile(pipeline.configFile, JSON.stringify(config));
    const third = await pipeline.start();
    await pipeline.snapshotDone(third, ['made']);
    expect(await refused(third)).not.toContain('TABLE_NEW made');
    expect(await placesOfSecret(pipeline)).toEqual([pipeline.topic('made')]);
    expect(await third.stop()).toMatchObject({ code: 0 });
  });
});

/** Topics of the pipeline, its own ones too, that hold a hidden value. */
async function placesOfSecret(pipeline: CapturePipeline): Promise<string[]> {
  const found: string[] = [];
  for (const topic of await pipeline.topicNames()) {
    let holds = false;
    await pipeline.reader.readTopic(topic, {}, ({ key, value }) => {
      holds ||= [key, value].some((part) => part?.includes(SECRET) === true);
    });
    if (holds) found.push(topic);
  }
  return found;
}
