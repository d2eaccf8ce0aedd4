import { randomUUID } from 'node:crypto';
import { startStack } from '@sluice/local-stack';
import { connect } from '@sluice/mysql';
import { createLogger, Registry } from '@sluice/runtime';
import type { Delivery } from '@sluice/sink-kit';
import { sequenceAt, TestTopic } from '@sluice/sink-kit/testing';
import { afterAll, afterEach, beforeEach, expect, test } from 'vitest';
import { mysqlSinkSchema } from '../src/config.ts';
import { MysqlSink } from '../src/mysql-sink.ts';

const stack = await startStack({ servers: ['target-mysql'] });
const { host, port, user: root, password } = stack.targetMysql;
const admin = await connect({ host, port, user: root, password, connectTimeoutMs: 5000 });
afterAll(async () => {
  await admin.end();
  await stack.stop();
});

const lines: string[] = [];
const SINK = { name: 'mysql', section: 'sinks.mysql', named: null, group: 'g', prefix: 'p' };
const log = createLogger('test', { level: 'warn' }, { write: (line) => lines.push(line) });
let name: string;
let sink: MysqlSink;

beforeEach(async () => {
  name = `pre_${randomUUID().slice(0, 8)}`;
  lines.length = 0;
  await admin.query(`CREATE USER '${name}'@'%' IDENTIFIED BY 'x'`);
  const config = mysqlSinkSchema.parse({
    host,
    port,
    user: name,
    password: 'x',
    databases: { shop: `${name}-copy` },
    stateDatabase: `${name}_state`,
  });
  sink = new MysqlSink(config, {
    ...SINK,
    log,
    sourceTables: ['shop.*', `${name}.o%`],
    registry: new Registry(),
  });
});

afterEach(async () => {
  await sink.close();
  await admin.query(`DROP USER '${name}'@'%'`);
  for (const database of [`${name}-copy`, `${name}_state`, name])
    await admin.query(`DROP DATABASE IF EXISTS \`${database}\``);
});

const open = (): Promise<void> => sink.open(new AbortController().signal);

async function message(): Promise<string> {
  const error = await open().catch((reason: unknown) => reason);
  expect(error).toMatchObject({ code: 'PREFLIGHT_FAILED' });
  return (error as Error).message;
}

/** Runs what stands behind `Fix:`, as it stands there. */
async function runFixes(text: string): Promise<void> {
  const fixes = [...text.matchAll(/Fix: (.*)$/gm)].flatMap(([, fix = '']) => fix.split('; '));
  for (const statement of fixes) await admin.query(statement.replace(/;$/, ''));
}

test('every database without rights is named at once; its statements are enough to start', async () => {
  const text = await message();
  expect(text).toContain(`3 problem(s):
- sinks.mysql.stateDatabase: found "${name}" without SELECT, INSERT, UPDATE, DELETE, CREATE, ALTER on database ${name}_state, which it does not see`);
  expect(text).toContain(`on database ${name}-copy, which it does not see, needs`);
  expect(text).toContain(
    `Fix: CREATE DATABASE IF NOT EXISTS \`${name}\`; GRANT SELECT, INSERT, UPDATE, DELETE, CREATE, ALTER ON \`${name}\`.* TO '${name}'@'%';`,
  );
  await runFixes(text);
  await open();
});

test('a database that is there lacks the rights alone', async () => {
  await admin.query(`GRANT ALL ON \`${name}%\`.* TO '${name}'@'%'`);
  await open();
  await admin.query(`REVOKE ALL ON \`${name}%\`.* FROM '${name}'@'%'`);
  await admin.query(`GRANT ALL ON \`${name}\\_state\`.* TO '${name}'@'%'`);
  await admin.query(`CREATE DATABASE \`${name}-copy\``);
  await admin.query(`CREATE DATABASE \`${name}\``);
  await admin.query(`CREATE TABLE \`${name}\`.t (id INT PRIMARY KEY)`);
  await admin.query(`GRANT SELECT, INSERT, UPDATE, DELETE ON \`${name}\`.* TO '${name}'@'%'`);
  await admin.query(`GRANT SELECT, INSERT ON \`${name}-copy\`.* TO '${name}'@'%'`);
  const text = await message();
  expect(text).toMatch(/^1 problem\(s\):\n- sinks\.mysql\.databases: found /);
  expect(text).toContain(`without UPDATE, DELETE, CREATE, ALTER on database ${name}-copy, needs`);
  expect(text).not.toContain('CREATE DATABASE');
  // Rows can be written into the tables that are there: no reason to refuse the start.
  expect(lines.join()).toContain('target.rights_missing');
  expect(lines.join()).toContain(`without CREATE, ALTER on database ${name}:`);
  await runFixes(text);
  await open();
});

test('without ALTER the rows of a table that is there are written; one warning says what is missing', async () => {
  const copy = `\`${name}\`.t`;
  await admin.query(`CREATE DATABASE \`${name}\``);
  await admin.query(`CREATE TABLE ${copy} (id INT PRIMARY KEY, _sluice_sequence BIGINT NOT NULL DEFAULT 0)`);
  await admin.query(`GRANT ALL ON \`${name}\\_state\`.* TO '${name}'@'%'`);
  await admin.query(`GRANT ALL ON \`${name}-copy\`.* TO '${name}'@'%'`);
  await admin.query(`CREATE DATABASE \`${name}-copy\``);
  await admin.query(`GRANT SELECT, INSERT, UPDATE, DELETE ON \`${name}\`.* TO '${name}'@'%'`);
  await open();
  const id = { name: 'id', type: 'int', nullable: false, charset: null };
  const note = { name: 'note', type: 'int', nullable: true, charset: null };
  const [narrow, wide] = [[id], [id, note]].map(
    (columns) => new TestTopic({ database: name, table: 't', columns, keyColumns: ['id'] }),
  ) as [TestTopic, TestTopic];
  const write = async (delivery: Delivery) => (await sink.write([delivery], new AbortController().signal))[0];
  for (const step of [1, 2])
    expect(await write(narrow.schema(sequenceAt(step)))).toEqual({ kind: 'applied' });
  const row = narrow.row({ operation: 'INSERT', sequence: sequenceAt(3), row: { id: 1 } });
  expect(await write(row)).toEqual({ kind: 'applied' });
  expect(lines.filter((line) => line.includes('target.owner_unmarked'))).toHaveLength(1);
  // What it cannot follow is that table's trouble, and can be done by hand.
  const refused = await write(wide.schema(sequenceAt(4)));
  expect(refused).toMatchObject({ kind: 'failed', error: { code: 'TARGET_TABLE_REFUSED' } });
  const [, statement = ''] =
    /give the account the right, or do it by hand: (.*)/.exec((refused as { error: Error }).error.message) ??
    [];
  await admin.query(statement);
  expect(await write(wide.schema(sequenceAt(4)))).toEqual({ kind: 'applied' });
});

test('names that a template makes are looked at before anything is made', async () => {
  const config = mysqlSinkSchema.parse({
    host,
    port,
    user: root,
    password,
    databases: { shop: `${name}-copy`, crm: `${name}-copy` },
    stateDatabase: `${name}_state`,
  });
  const opened = async (tableTemplate: string): Promise<unknown> => {
    const sourceTables = ['shop.users', 'crm.users', `crm.${'t'.repeat(62)}`, 'crm.*'];
    const context = { ...SINK, log, sourceTables, registry: new Registry() };
    const other = new MysqlSink({ ...config, tableTemplate }, context);
    try {
      return await other.open(new AbortController().signal).catch((reason: unknown) => reason);
    } finally {
      await other.close();
    }
  };
  const refused = (text: string): object => ({
    code: 'PREFLIGHT_FAILED',
    message: expect.stringContaining(text) as string,
  });
  expect(await opened('copy_{table}')).toMatchObject(
    refused(
      `- sinks.mysql.tableTemplate: found ${name}-copy.copy_users for both shop.users and crm.users, needs a table for each`,
    ),
  );
  expect(await opened('{database}_{table}')).toMatchObject(refused('of 66 characters for crm.t'));
  const [made] = await admin.query(`SHOW DATABASES LIKE '${name}%'`);
  expect(made).toEqual([]);
});
