import { freePorts, startStack, type MysqlServer } from '@sluice/local-stack';
import { describe, expect, test } from 'vitest';
import { CapturePipeline } from '../harness/pipelines/capture-pipeline.ts';
import { ownServers } from '../harness/pipelines/own-servers.ts';
import { fileScope, testScope, uniqueName, type Scope } from '../harness/scope.ts';
import type { LogLine } from '../harness/processes/service-process.ts';
import { SourceDatabase } from '../harness/pipelines/source-database.ts';

const scope = fileScope();
const { brokers } = (await startStack({ servers: ['kafka'] })).kafka;
// Server settings are made wrong here, which nobody else should feel.
const servers = await ownServers(scope, { mysql: [], mariadb: [] });
const [deadPort = 0] = await freePorts(1);

/** Exit codes of packages/runtime: configuration and preflight. */
const CONFIGURATION = 64;
const PREFLIGHT = 69;

type Sections = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

describe('whatever the source', () => {
  const server = servers.mysql;

  test('settings that are unknown, wrong or missing', async () => {
    const { message } = await refusal(CONFIGURATION, server, {
      source: { hots: 'x', port: 'many', user: undefined },
      topics: { partitions: 0 },
      snapshots: { mode: 'never' },
    });
    expect(message).toMatch(/source\.hots: found an unknown setting; .*did you mean `host`/);
    expect(message).toMatch(/source\.port: found "many"; must be a(?: whole)? number/);
    expect(message).toMatch(/source\.user: found nothing; must be a text/);
    expect(message).toMatch(/topics\.partitions: found 0; must be at least 1/);
    expect(message).toMatch(/snapshots: found an unknown setting; .*`snapshot`/);
  });

  test('a source that does not answer', async () => {
    const { message } = await refusal(PREFLIGHT, server, { source: { port: deadPort } });
    expect(message).toMatch(
      new RegExp(`source\\.host, source\\.port: found no answer from 127\\.0\\.0\\.1:${deadPort}.* Fix: `),
    );
  });

  test('a host name that nobody knows', async () => {
    const { message } = await refusal(PREFLIGHT, server, { source: { host: 'nobody.invalid' } });
    expect(message).toMatch(/source\.host.*no answer from nobody\.invalid/);
  });

  test('a Kafka that does not answer at the start', async () => {
    const { message } = await refusal(PREFLIGHT, server, { kafka: { brokers: [`127.0.0.1:${deadPort}`] } });
    expect(message).toMatch(
      new RegExp(
        `kafka\\.brokers: found no answer from 127\\.0\\.0\\.1:${deadPort}.* Fix: start the brokers`,
      ),
    );
  });

  test('neither side answers', async () => {
    const { message } = await refusal(PREFLIGHT, server, {
      source: { port: deadPort },
      kafka: { brokers: [`127.0.0.1:${deadPort}`] },
    });
    expect(message).toMatch(/2 problem\(s\):\n- source\.host.*\n- kafka\.brokers/);
  });
});

describe.each(['mysql', 'mariadb'] as const)('%s', (flavour) => {
  const server = servers[flavour];

  test('a wrong password', async () => {
    const { message, text } = await refusal(PREFLIGHT, server, { source: { password: 'wrong-secret' } });
    expect(message).toMatch(
      /source\.user, source\.password: found user "root" refused by \S+ \(ER_ACCESS_DENIED_ERROR\)/,
    );
    expect(text).not.toContain('wrong-secret');
  });

  test('a user who may not read the binlog', async () => {
    const within = testScope();
    const user = await restrictedUser(within, server);
    const { message } = await refusal(PREFLIGHT, server, { source: { user, password: 'pass-word' } }, within);
    expect(message).toMatch(
      /source\.user: found ".*" without REPLICATION SLAVE.* Fix: GRANT REPLICATION SLAVE/,
    );
    expect(message).toMatch(/without REPLICATION CLIENT/);
  });

  test.each([
    ['binlog_format', 'STATEMENT', 'ROW'],
    ['binlog_row_metadata', 'MINIMAL', 'FULL'],
    ['binlog_row_image', 'MINIMAL', 'FULL'],
  ])('%s = %s', async (variable, value, needed) => {
    const within = testScope();
    await setGlobal(within, server, variable, value);
    const { message } = await refusal(PREFLIGHT, server, {}, within);
    expect(message).toContain(
      `source variable ${variable}: found ${value}, needs ${needed}. Fix: SET GLOBAL ${variable} = '${needed}';`,
    );
  });

  test('a table without a primary key', async () => {
    const { message } = await refusal(
      PREFLIGHT,
      server,
      { source: { strictTables: true } },
      testScope(),
      'CREATE TABLE heap (a INT NOT NULL UNIQUE, b INT)',
    );
    expect(message).toMatch(
      /table \w+\.heap: found no primary key, .*set source\.keys\["\w+\.heap"\] to \[a\]/,
    );
  });

  test.runIf(flavour === 'mysql')('but a primary key that the server makes and hides is one', async () => {
    const within = testScope();
    const pipeline = await pipelineOf(
      within,
      server,
      {},
      'SET GLOBAL show_gipk_in_create_table_and_information_schema = OFF',
      'SET SESSION sql_generate_invisible_primary_key = ON',
      'CREATE TABLE plain (a INT)',
      'INSERT INTO plain VALUES (5), (5)',
    );
    within.defer(() =>
      pipeline.database.run('SET GLOBAL show_gipk_in_create_table_and_information_schema = ON'),
    );
    const capture = await pipeline.start();
    await pipeline.snapshotDone(capture, ['fine', 'plain']);
    await pipeline.database.run('INSERT INTO plain VALUES (NULL)');
    await pipeline.arrived(capture, 'plain', '{"my_row_id":3}');
    expect(await capture.stop()).toMatchObject({ code: 0 });
  });

  test('a database that does not exist is told from one that may not be read, where the server shows which', async () => {
    const within = testScope();
    const closed = await SourceDatabase.create(within, server, 'closed');
    const user = uniqueName('user');
    within.defer(() => closed.run(`DROP USER '${user}'@'%'`));
    await closed.run(
      `CREATE USER '${user}'@'%' IDENTIFIED BY 'pass-word'`,
      `GRANT REPLICATION SLAVE, REPLICATION CLIENT ON *.* TO '${user}'@'%'`,
    );
    const tables = ['nowhere.*', `${closed.name}.*`];
    const found = async (): Promise<unknown[]> => {
      const source = { user, password: 'pass-word', tables };
      const { message } = await refusal(PREFLIGHT, server, { source }, within);
      return [...message.matchAll(/: found (.+?), needs /gu)].map(([, text]) => text);
    };
    const either = (name: string): string =>
      `no database ${name}, which "${name}.*" names: it does not exist, or "${user}" has no privilege on it`;
    expect(await found()).toEqual([either('nowhere'), either(closed.name)]);
    await closed.run(`GRANT SHOW DATABASES ON *.* TO '${user}'@'%'`);
    expect(await found()).toEqual([
      'no database nowhere, which "nowhere.*" names',
      `"${user}" without SELECT on any table that "${closed.name}.*" in source.tables matches`,
    ]);
  });

  test('a table that does not exist', async () => {
    const { message } = await refusal(PREFLIGHT, server, {
      source: { tables: ['nowhere.orders'], strictTables: true },
    });
    expect(message).toMatch(
      /source\.tables: found "nowhere\.orders" matches no table.* Fix: create the table/,
    );
  });

  test.runIf(flavour === 'mariadb')('a replica that does not log what it applies', async () => {
    const pipeline = await pipelineOf(testScope(), server, {});
    const { database } = pipeline;
    const capture = await pipeline.start();
    await pipeline.snapshotDone(capture, ['fine']);
    await database.run("CHANGE MASTER TO MASTER_HOST = '127.0.0.1', MASTER_USER = 'nobody'");
    try {
      await database.run('CREATE TABLE more (id INT NOT NULL PRIMARY KEY)');
      await capture.logged('capture.replica_not_logged');
      expect(await capture.get('/health')).toMatchObject({
        status: 'degraded',
        components: { source: { status: 'degraded' } },
      });
      await capture.stop();
      const second = pipeline.launch();
      expect(await second.ended).toMatchObject({ code: PREFLIGHT });
      expect(second.log.at(-1)?.err?.message).toContain('source variable log_slave_updates: found OFF');
    } finally {
      await database.run('RESET SLAVE ALL');
    }
  });

  test('many things at once are told at once', async () => {
    const within = testScope();
    await setGlobal(within, server, 'binlog_format', 'STATEMENT');
    await setGlobal(within, server, 'binlog_row_metadata', 'MINIMAL');
    const { message } = await refusal(
      PREFLIGHT,
      server,
      {
        source: {
          strictTables: true,
          tables: ['nowhere.orders', '*.heap'],
          keys: { 'nowhere.lines': ['id'] },
        },
        kafka: { brokers: [`127.0.0.1:${deadPort}`] },
      },
      within,
      'CREATE TABLE heap (a INT)',
    );
    expect(message.split('\n').map((line) => /^- (.+?): found/.exec(line)?.[1] ?? line)).toEqual([
      expect.stringContaining('6 problem(s)'),
      'source variable binlog_format',
      'source variable binlog_row_metadata',
      'source.tables',
      expect.stringMatching(/^table \w+\.heap$/),
      'source.keys["nowhere.lines"]',
      'kafka.brokers',
    ]);
  });

  test('once it has streamed, a source that goes away is waited for; so it is by a new process', async () => {
    const pipeline = await pipelineOf(testScope(), server, {});
    const first = await pipeline.start();
    await pipeline.snapshotDone(first, ['fine']);
    await servers.kill(flavour);
    await first.notReady();
    expect(first.isRunning).toBe(true);
    await first.kill();
    const second = pipeline.launch();
    try {
      await second.logged('capture.interrupted');
      expect(second.isRunning).toBe(true);
    } finally {
      await servers.start(flavour);
    }
    await second.ready();
    expect(await second.stop()).toMatchObject({ code: 0 });
  });
});

async function pipelineOf(
  within: Scope,
  server: MysqlServer,
  sections: Sections,
  ...ddl: string[]
): Promise<CapturePipeline> {
  const database = await SourceDatabase.create(within, server, 'refused');
  await database.run(
    'CREATE TABLE fine (id INT NOT NULL PRIMARY KEY)',
    'INSERT INTO fine VALUES (1)',
    ...ddl,
  );
  return CapturePipeline.create(within, { database, brokers, sections });
}

/** Starts capture, which must end by itself with this exit code, say why in one message, and leave no topic. */
async function refusal(
  exitCode: number,
  server: MysqlServer,
  sections: Sections,
  within: Scope = testScope(),
  ...ddl: string[]
): Promise<{ readonly message: string; readonly text: string }> {
  const pipeline = await pipelineOf(within, server, sections, ...ddl);
  const capture = pipeline.launch();
  const end = await capture.ended;
  if (end.code !== exitCode) throw new Error(`exit code ${end.code}\n${capture.lastLines()}`);
  const fatal = capture.log.filter(({ level }: LogLine) => level === 'fatal');
  expect(fatal).toHaveLength(1);
  expect(capture.log.at(-1)).toMatchObject({ level: 'fatal', event: 'service.failed', exitCode });
  expect(await pipeline.topicNames()).toEqual([]);
  return { message: fatal[0]?.msg ?? '', text: capture.output };
}

async function setGlobal(within: Scope, server: MysqlServer, variable: string, value: string): Promise<void> {
  const database = await SourceDatabase.create(within, server, 'setting');
  const [before] = await database.rows(`SELECT @@GLOBAL.${variable} AS value`);
  within.defer(() => database.run(`SET GLOBAL ${variable} = '${String(before?.['value'])}'`));
  await database.run(`SET GLOBAL ${variable} = '${value}'`);
}

/** May read the tables, but not follow the binlog. */
async function restrictedUser(within: Scope, server: MysqlServer): Promise<string> {
  const database = await SourceDatabase.create(within, server, 'rights');
  const user = uniqueName('user');
  within.defer(() => database.run(`DROP USER '${user}'@'%'`));
  await database.run(
    `CREATE USER '${user}'@'%' IDENTIFIED BY 'pass-word'`,
    `GRANT SELECT ON *.* TO '${user}'@'%'`,
  );
  return user;
}
