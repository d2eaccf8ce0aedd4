import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startStack } from '@sluice/local-stack';
import { afterAll, describe, expect, test } from 'vitest';
import { eventually } from '../harness/eventually.ts';
import { testScope, type Scope } from '../harness/scope.ts';
import { SinkPipeline, type PipelineProcess } from '../harness/pipelines/sink-pipeline.ts';
import { sluice } from '../harness/processes/sluice-command.ts';
import { SourceDatabase } from '../harness/pipelines/source-database.ts';
import { readRows } from '../harness/records/table-records.ts';

const stack = await startStack({
  servers: ['kafka', 'mysql', 'mariadb', 'target-mysql', 'redis', 'elasticsearch'],
});
afterAll(() => stack.stop());

const USERS = `CREATE TABLE users (id INT NOT NULL PRIMARY KEY, email VARCHAR(100), phone VARCHAR(40),
  card VARCHAR(40), born DATE, notes TEXT)`;
/** Every value that is to be hidden holds this text. */
const SECRET = 'Geheimnis';

describe.each([stack.mysql, stack.mariadb])('$flavour', (server) => {
  test('what is masked, hashed or left out is in no topic, log, dead letter or store', async () => {
    const scope = testScope();
    const database = await SourceDatabase.create(scope, server, 'shapes');
    await database.run(USERS, insert(1), insert(2));
    const pipeline = await SinkPipeline.create(scope, { stack, database });
    const { stores } = pipeline;
    const hashKeyFile = await keyFile(scope);
    const columns = {
      id: { rename: 'user_id' },
      email: { hash: true, rename: 'email_hash' },
      phone: { mask: '***' },
      card: { exclude: true },
      notes: { truncate: 4 },
    };
    const tables = { '*.users': { columns, operations: ['insert', 'update', 'delete'] } };
    pipeline.configure({ capture: { hashKeyFile, hashKeyForm: 'bytes' }, tables });
    const rowOf = async (id: number): Promise<Record<string, unknown> | null> => {
      const text = await stores.redis.get(`${pipeline.name}.users:${id}`).catch(() => null);
      return text === null ? null : (JSON.parse(text) as Record<string, unknown>);
    };
    const [first, redis] = await pipeline.start('capture', 'sink-redis');
    await eventually(
      'the rows of the snapshot',
      async () => (await rowOf(1)) !== null && (await rowOf(2)) !== null,
    );
    // A row that the store refuses becomes a dead letter.
    await stores.redis.lpush(`${pipeline.name}.users:3`, 'not ours');
    await database.run(
      insert(3),
      `UPDATE users SET phone = '${SECRET} new', card = '${SECRET}' WHERE id = 1`,
      'UPDATE users SET id = 5 WHERE id = 2',
      insert(6),
      'DELETE FROM users WHERE id = 6',
      'TRUNCATE TABLE users',
      insert(7),
    );
    await eventually('the last row', async () => (await rowOf(7)) !== null);
    await eventually('the dead letter', async () => (await pipeline.deadLetters('redis')).length === 1);
    // A key change is two records, each in the partition of its key.
    await eventually(
      'the row to have its new key',
      async () => (await rowOf(5)) !== null && (await rowOf(2)) === null,
    );
    // A TRUNCATE is none of the operations, so rows stay.
    const row = await rowOf(5);
    expect(Object.keys(row ?? {})).toEqual(['_sequence', 'user_id', 'email_hash', 'phone', 'born', 'notes']);
    expect(row).toMatchObject({ user_id: 5, phone: '***', born: '2001-02-03', notes: 'note' });
    expect(await rowOf(2)).toBeNull();
    const rows = await readRows(pipeline.reader, pipeline.topic('users'));
    const hashes = rows
      .flatMap(({ payload: { before, after } }) => [before, after])
      .flatMap((image) => (image?.['user_id'] === 1 ? [image['email_hash']] : []));
    expect(hashes.length).toBe(3); // by snapshot and by stream, before and after
    expect(new Set(hashes).size).toBe(1);
    expect(hashes[0]).toMatch(/^[0-9a-f]{64}$/);
    expect(await first?.process.stop()).toMatchObject({ code: 0 });

    // Another mask: the rows that are there are published once more, as a new version of the table.
    // The key of before there were rings gives way to a ring, which an operator has to want.
    pipeline.configure({
      capture: { hashKeyFile: `${hashKeyFile}s` },
      tables: { '*.users': { columns: { ...columns, phone: { mask: '?' }, notes: { exclude: true } } } },
    });
    const { configFile } = await pipeline.writeConfig('plan');
    const makeKey = (): Promise<unknown> => sluice(configFile, 'hash-key new');
    expect(await makeKey()).toMatchObject({ code: 0, document: { isFirst: true } });
    const refused = await pipeline.launch('capture');
    expect(await refused.process.ended).toMatchObject({ code: 64 });
    expect(refused.process.log.at(-1)?.err?.code).toBe('CONFIG_CHANGED');
    const second = await pipeline.launch('capture', {}, ['--accept', 'hash-key']);
    await eventually('the new mask', async () => (await rowOf(7))?.['phone'] === '?');
    expect(Object.keys((await rowOf(7)) ?? {})).not.toContain('notes');
    const hashOf7 = (await rowOf(7))?.['email_hash'];
    expect(await second.process.stop()).toMatchObject({ code: 0 });

    // A new key in front of it is one.
    expect(await makeKey()).toMatchObject({ code: 0, document: { isFirst: false } });
    const planned = await sluice(configFile, 'plan');
    expect(planned.document).toMatchObject({
      tables: [
        { change: expect.stringMatching(/^hash key [0-9a-f]{4} is replaced by [0-9a-f]{4}:/u) as unknown },
      ],
    });
    const [third] = await pipeline.start('capture');
    await eventually('the new key', async () => (await rowOf(7))?.['email_hash'] !== hashOf7);
    expect((await rowOf(7))?.['email_hash']).toMatch(/^[0-9a-f]{64}$/u);
    expect(await third?.process.stop()).toMatchObject({ code: 0 });
    expect(await redis?.process.stop()).toMatchObject({ code: 0 });

    const topics = (await pipeline.reader.topicNames()).filter((name) =>
      name.startsWith(`${pipeline.name}.`),
    );
    expect(topics.some((name) => name.includes('.dlq.'))).toBe(true);
    for (const topic of topics) expect([topic, await holdsSecret(pipeline, topic)]).toEqual([topic, false]);
    for (const started of [first, second, third, redis])
      expect(started?.process.output).not.toContain(SECRET);
  });

  test('only rows that meet a condition are published; another condition is accepted, and rebuilds', async () => {
    const scope = testScope();
    const database = await SourceDatabase.create(scope, server, 'where');
    await database.run(
      'CREATE TABLE items (id INT NOT NULL PRIMARY KEY, price DECIMAL(10,2), state VARCHAR(20))',
      "INSERT INTO items VALUES (1, 9.99, 'open'), (2, 10.00, 'open'), (3, 10.01, 'open'), (4, 99, NULL)",
    );
    const pipeline = await SinkPipeline.create(scope, { stack, database });
    const where = (text: string): void => pipeline.configure({ tables: { '*.items': { where: text } } });
    const changes = async (): Promise<string[]> =>
      (await readRows(pipeline.reader, pipeline.topic('items')))
        .sort((a, b) => (a.payload.sequence < b.payload.sequence ? -1 : 1))
        .map(({ payload: { operation, key } }) => `${operation} ${JSON.stringify(key['id'])}`);
    where("price >= 10 AND state = 'open'");
    const [first] = await pipeline.start('capture');
    await eventually('the snapshot', async () => (await changes()).length === 2);
    expect((await changes()).sort()).toEqual(['SNAPSHOT 2', 'SNAPSHOT 3']);
    await database.run(
      "UPDATE items SET state = 'closed' WHERE id = 2",
      'UPDATE items SET price = 10 WHERE id = 1',
      'UPDATE items SET price = 11 WHERE id = 1',
      "INSERT INTO items VALUES (5, 1, 'open')",
      'DELETE FROM items WHERE id = 5',
      'DELETE FROM items WHERE id = 3',
    );
    await eventually('the last change', async () => (await changes()).at(-1) === 'DELETE 3');
    expect((await changes()).slice(2)).toEqual(['DELETE 2', 'INSERT 1', 'UPDATE 1', 'DELETE 3']);
    expect(await first?.process.stop()).toMatchObject({ code: 0 });

    where("price >= 10 AND state = 'closed'");
    const refused = await pipeline.launch('capture');
    expect(await refused.process.ended).toMatchObject({ code: 64 });
    expect(refused.process.log.at(-1)?.err?.code).toBe('CONFIG_CHANGED');
    const planned = await sluice(refused.configFile, 'plan');
    expect(planned.document).toMatchObject({
      tables: [{ change: expect.stringContaining('--accept row-conditions') as unknown }],
    });
    const accepted = await pipeline.launch('capture', {}, ['--accept', 'row-conditions']);
    await eventually('the rows of the new condition', async () => (await changes()).at(-1) === 'SNAPSHOT 2');
    expect((await changes()).slice(6)).toEqual(['SNAPSHOT 2']);
    expect(await accepted.process.stop()).toMatchObject({ code: 0 });
    // Accepted once: the next start has nothing to ask.
    const [again] = await pipeline.start('capture');
    expect(await again?.process.stop()).toMatchObject({ code: 0 });
  });

  test('a hidden column that gets another name is not published under it', async () => {
    const scope = testScope();
    const database = await SourceDatabase.create(scope, server, 'shapes');
    await database.run(USERS, insert(1), 'CREATE TABLE orders (id INT NOT NULL PRIMARY KEY)');
    const pipeline = await SinkPipeline.create(scope, { stack, database });
    pipeline.configure({
      tables: {
        '*.users': {
          columns: {
            email: { mask: '*' },
            phone: { mask: '*' },
            card: { mask: '*' },
            notes: { truncate: 4 },
          },
        },
      },
    });
    let [capture] = (await pipeline.start('capture')) as [PipelineProcess];
    await eventually(
      'the row',
      async () => (await readRows(pipeline.reader, pipeline.topic('users'))).length === 1,
    );
    // What shows a hidden column in another one costs this table alone, also after a restart.
    await database.run(
      'ALTER TABLE users ADD tail VARCHAR(40) AS (RIGHT(card, 30))',
      insert(2),
      'INSERT INTO orders VALUES (1)',
    );
    const isUncaptured = async ({ process }: PipelineProcess): Promise<boolean> =>
      JSON.stringify(await process.status()).includes('"TABLE_SHAPE_REFUSED"');
    const ordersIn = async (count: number): Promise<boolean> =>
      (await readRows(pipeline.reader, pipeline.topic('orders'))).length === count;
    await eventually('the other table', () => ordersIn(1));
    await eventually('the table to be left alone', () => isUncaptured(capture));
    expect(await capture.process.stop()).toMatchObject({ code: 0 });
    [capture] = (await pipeline.start('capture')) as [PipelineProcess];
    await database.run(insert(3), 'INSERT INTO orders VALUES (2)');
    await eventually('the other table', () => ordersIn(2));
    expect(await isUncaptured(capture)).toBe(true);
    await database.run('ALTER TABLE users DROP COLUMN tail');
    await eventually('the rows that were passed over', async () => {
      const rows = await readRows(pipeline.reader, pipeline.topic('users'));
      return new Set(rows.map(({ key }) => key)).size === 3;
    });
    expect(await isUncaptured(capture)).toBe(false);
    await database.run('ALTER TABLE users CHANGE phone mobile VARCHAR(40)', insert(4, 'mobile'));
    expect(await capture.process.ended).toMatchObject({ code: 70 });
    expect(capture.process.output).toMatch(/column phone, which no longer exists, and column mobile is new/);
    expect(await holdsSecret(pipeline, pipeline.topic('users'))).toBe(false);
  });
});

test('sluice plan shows topics, keys, columns and what sinks would make, and changes nothing', async () => {
  const scope = testScope();
  const database = await SourceDatabase.create(scope, stack.mysql, 'plan');
  await database.run(USERS, insert(1));
  const pipeline = await SinkPipeline.create(scope, { stack, database });
  const { name } = pipeline;
  const shaped = { columns: { id: { rename: 'nr' }, card: { exclude: true }, email: { mask: '***' } } };
  pipeline.configure({ tables: { '*.users': shaped } });
  const { configFile } = await pipeline.writeConfig('plan');
  const first = await sluice(configFile, 'plan');
  expect(first.code).toBe(0);
  expect(first.document).toMatchObject({
    topics: expect.arrayContaining([
      { name: pipeline.topic('users'), partitions: 3, exists: false },
    ]) as unknown,
    tables: [{ table: 'users', keyColumns: ['nr'], change: 'new: its rows, then its changes' }],
    sinks: [
      { sink: 'redis', target: `${name}.users:<nr>` },
      { sink: 'elasticsearch', definition: expect.stringMatching(/"email": \{\s+"type": "text"/) as unknown },
      {
        sink: 'mysql',
        definition: expect.stringMatching(/`nr` int NOT NULL,[^]*PRIMARY KEY \(`nr`\)/) as unknown,
      },
    ],
  });
  const { tables } = first.document as {
    tables: readonly { sourceColumns: readonly { source: string; publication: string }[] }[];
  };
  expect(
    tables[0]?.sourceColumns.map(({ source, publication }) => `${source} ${publication}`.trim()),
  ).toEqual(['id', 'email masked as "***"', 'phone', 'card left out', 'born', 'notes']);
  expect((await pipeline.reader.topicNames()).filter((topic) => topic.startsWith(`${name}.`))).toEqual([]);
  const [capture] = await pipeline.start('capture');
  await eventually(
    'the row',
    async () => (await readRows(pipeline.reader, pipeline.topic('users'))).length === 1,
  );
  expect((await sluice(configFile, 'plan')).document).toMatchObject({ tables: [{ change: 'none' }] });
  pipeline.configure({ tables: { '*.users': { columns: { ...shaped.columns, card: { mask: '*' } } } } });
  const changed = await sluice((await pipeline.writeConfig('plan')).configFile, 'plan');
  expect(changed.document).toMatchObject({
    tables: [{ change: expect.stringContaining('rows are published again') as unknown }],
  });
  expect(await capture?.process.stop()).toMatchObject({ code: 0 });
});

test('settings that do not fit the tables are refused at start, all at once', async () => {
  const scope = testScope();
  const database = await SourceDatabase.create(scope, stack.mysql, 'shapes');
  await database.run(USERS, 'ALTER TABLE users ADD COLUMN tail VARCHAR(9) AS (RIGHT(card, 4))');
  const pipeline = await SinkPipeline.create(scope, { stack, database });
  pipeline.configure({
    tables: {
      [`${database.name}.users`]: {
        columns: { emial: { mask: '*' }, id: { mask: '*' }, card: { exclude: true } },
      },
      'elsewhere.users': { columns: { email: { mask: '*' } } },
      [`${database.name}.later`]: { columns: { email: { mask: '*' } } },
    },
  });
  const { process, configFile } = await pipeline.launch('capture');
  expect(await process.ended).toMatchObject({ code: 69 });
  expect(process.output).toMatch(/found no column emial in table/);
  expect(process.output).toMatch(/id is a key column/);
  expect(process.output).toMatch(/column tail of .* is generated from card/);
  expect(process.output).toMatch(/elsewhere\.users.*source\.tables and source\.excludeTables leave out/);
  expect(process.log.at(-1)?.err?.message).not.toMatch(/later/);
  const { code, document } = await sluice(configFile, 'plan');
  const { problems, warnings } = document as { problems: readonly unknown[]; warnings: readonly string[] };
  // One of them is about the account of the tests, which may do everything.
  expect([code, problems.length, warnings.length]).toEqual([1, 4, 2]);
});

function insert(id: number, phone = 'phone'): string {
  const hidden = `'${SECRET} ${id}'`;
  return `INSERT INTO users (id, email, ${phone}, card, born, notes)
    VALUES (${id}, ${hidden}, ${hidden}, ${hidden}, '2001-02-03', 'note ${SECRET}')`;
}

async function keyFile(scope: Scope): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-e2e-'));
  scope.defer(() => rm(folder, { recursive: true, force: true }));
  const file = join(folder, 'hash.key');
  await writeFile(file, `${randomBytes(32).toString('hex')}\n`, { mode: 0o600 });
  return file;
}

/** Whether a key, a value or a header of any record of the topic tells what is hidden. */
async function holdsSecret(pipeline: SinkPipeline, topic: string): Promise<boolean> {
  const forms = [
    SECRET,
    Buffer.from(SECRET).toString('hex'),
    Buffer.from(SECRET).toString('base64').slice(0, 10),
  ];
  let isTold = false;
  await pipeline.reader.readTopic(topic, {}, ({ key, value, headers }) => {
    const text = [key, value, ...headers.values()].map((bytes) => bytes?.toString('latin1') ?? '').join(' ');
    if (forms.some((form) => text.includes(form))) isTold = true;
  });
  return isTold;
}
