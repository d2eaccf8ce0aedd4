import { changeMariadb, runMariadbUpgrade, startStack, type MysqlServer } from '@sluice/local-stack';
import { connect } from '@sluice/mysql';
import { afterAll, expect, test } from 'vitest';
import { eventually } from '../harness/eventually.ts';
import { ReplicatedSource } from '../harness/histories/replica.ts';
import { ownServers } from '../harness/pipelines/own-servers.ts';
import { versionOf } from '../harness/pipelines/server-versions.ts';
import {
  differences,
  SINK_NAMES,
  SINK_SERVICES,
  SinkPipeline,
  type PipelineProcess,
} from '../harness/pipelines/sink-pipeline.ts';
import { SourceDatabase } from '../harness/pipelines/source-database.ts';
import { newFolder } from '../harness/processes/new-folder.ts';
import { duplicateSequences } from '../harness/records/row-history.ts';
import { readSettledRows, type RowRecord } from '../harness/records/table-records.ts';
import { testScope } from '../harness/scope.ts';
import { fileOfAll, playSourceUpgrade } from '../harness/upgrades/source-upgrade.ts';
import { ReconnectingWriter, RECONNECTING_TABLE } from '../harness/workloads/reconnecting-writer.ts';
import { SwitchingWriter } from '../harness/workloads/switching-writer.ts';

/**
 * A source of MariaDB 10.11 becomes one of 11.8 while an application writes, by the commands of docs/upgrading.md.
 * `npm run test:source-upgrade` does it.
 */

const stack = await startStack({ servers: ['kafka', 'target-mysql', 'redis', 'elasticsearch'] });
afterAll(() => stack.stop());

const ALL = process.env['SLUICE_SOURCE_UPGRADE'] === 'all';
const [OLD, NEW] = ['10.11', '11.8'] as const;
const BACKUP_FOLDER = 'FOLDER';
/** Transactions before each upgrade, and after it. */
const A_WHILE = 200;
const LOGIN = { user: 'app', password: 'secret' };

/** Rows of many kinds, written by the one version and changed by the other. */
const KEPT_TABLE = `CREATE TABLE kept (
  id INT NOT NULL PRIMARY KEY, amount DECIMAL(20,4), at DATETIME(6), stamp TIMESTAMP(3) NULL, day DATE, lasts TIME(2), since YEAR,
  ref UUID, host INET6, doc JSON, kind ENUM('a','b'), flags SET('x','y','z'), bits BIT(12), body MEDIUMTEXT, raw BLOB,
  latin VARCHAR(20) CHARACTER SET latin1, turkish VARCHAR(20) COLLATE utf8mb4_turkish_ci)`;
const KEPT_ROWS = [1, 2, 3, 4].map(
  (id) =>
    `INSERT INTO kept VALUES (${id}, -${id}.5, '2026-03-29 02:30:00.000001', '2026-03-29 04:30:00.5', '2024-02-29', '-12:00:00.25', 2026, UUID(),
     '2001:db8::${id}', '{"n": [${id}, null]}', 'b', 'x,z', b'101', REPEAT('ä', ${id * 300}), x'00ff', 'é', 'ığ')`,
);
/** What the new version is asked for: a table in its own default collation, and the old rows. */
const AFTERWARDS = [
  'CREATE TABLE later (id INT NOT NULL PRIMARY KEY, note VARCHAR(40)) CHARACTER SET utf8mb4',
  "INSERT INTO later VALUES (1, 'a table of the new version')",
  "UPDATE kept SET amount = amount * 2, stamp = '2037-01-01 00:00:00', body = CONCAT(body, '😀'), turkish = 'İI' WHERE id < 3",
  'DELETE FROM kept WHERE id = 4',
  "ALTER TABLE kept ADD COLUMN more VARCHAR(20) CHARACTER SET utf8mb4 DEFAULT 'new'",
  "INSERT INTO kept (id, ref, more) VALUES (5, UUID(), 'newer')",
];
const TABLES = ['item', 'kept', 'later'];

interface CaptureStatus {
  readonly state: string;
  readonly stream: { readonly generation: number; readonly server: string } | null;
  readonly snapshot: Readonly<Record<string, { readonly state: string }>>;
}

test.runIf(ALL)('in place: the new version takes the data over, and capture reads on', async () => {
  const scope = testScope();
  const env = { ...process.env, SLUICE_STACK_MARIADB: OLD };
  const servers = await ownServers(scope, { mariadb: [] }, [], env);
  const source = servers.mariadb;
  const database = await SourceDatabase.create(scope, source, 'upgraded');
  await database.run(RECONNECTING_TABLE, KEPT_TABLE, ...KEPT_ROWS);
  const pipeline = await SinkPipeline.create(scope, { stack, database });
  const services = await pipeline.start('capture', ...SINK_SERVICES);
  const [capture] = services as [PipelineProcess];
  await snapshotsDone(capture, pipeline);
  const writer = await ReconnectingWriter.start(scope, source, database.name);
  const aWhile = async (): Promise<void> => {
    const due = writer.written + A_WHILE;
    await eventually('the application to write', () => writer.written >= due);
  };
  await aWhile();
  const read = await snapshotRows(pipeline);

  expect(await versionOf(source)).toMatch(`${OLD}.`);
  await playSourceUpgrade('The source in place', {
    configFile: await fileOfAll(services),
    words: { [BACKUP_FOLDER]: `${await newFolder(scope)}/state` },
    deeds: {
      'stop OLD mariadbd': () => servers.kill('mariadb', 'SIGTERM'),
      'start NEW mariadbd': async () => {
        await changeMariadb(servers, NEW);
        await servers.start('mariadb');
        await aWhile();
      },
      'mariadb-upgrade': async () => runMariadbUpgrade(source, NEW, await newFolder(scope)),
    },
  });
  expect(await versionOf(source)).toMatch(`${NEW}.`);
  await aWhile();
  await afterwards(source, database.name);
  // A capture that starts finds its place in the binlog of the old version and the new one as well.
  expect(await capture.process.stop()).toMatchObject({ code: 0 });
  await aWhile();
  const [again] = (await pipeline.start('capture')) as [PipelineProcess];
  await aWhile();
  await writer.stop();

  expect(writer.losses).toBeGreaterThan(0);
  await pipeline.converged(TABLES);
  const status = (await again.process.status()) as CaptureStatus;
  expect(status).toMatchObject({ state: 'streaming', stream: { generation: 1 } });
  expect(await snapshotRows(pipeline)).toBe(read);
  await everyRowOnce(pipeline, writer.written);
});

test.runIf(ALL)('by a replica of the new version, which takes the place of the source', async () => {
  const scope = testScope();
  const versions = { source: OLD, replica: NEW } as const;
  const servers = await ReplicatedSource.start(scope, 'mariadb', ['--log-slave-updates=ON'], versions);
  const { source, replica } = servers;
  const database = await SourceDatabase.create(scope, source, 'upgraded');
  scope.defer(async () => void (await servers.on('source', 'SET GLOBAL read_only = OFF')));
  await database.run(
    'CREATE TABLE item (id INT NOT NULL PRIMARY KEY)',
    KEPT_TABLE,
    ...KEPT_ROWS,
    `CREATE USER ${LOGIN.user} IDENTIFIED BY '${LOGIN.password}'`,
    `GRANT SELECT, INSERT ON ${database.name}.* TO ${LOGIN.user}`,
  );
  await servers.caughtUp();
  const hosts = [source, replica].map(({ host, port }) => ({ host, port }));
  const sections = { source: { host: undefined, port: undefined, hosts } };
  const pipeline = await SinkPipeline.create(scope, { stack, database, sections });
  const services = await pipeline.start('capture', ...SINK_SERVICES);
  const [capture] = services as [PipelineProcess];
  await snapshotsDone(capture, pipeline);
  const writer = await SwitchingWriter.start(scope, [source, replica], `${database.name}.item`, LOGIN);
  const aWhile = async (): Promise<void> => {
    const due = writer.written + A_WHILE;
    await eventually('the application to write', () => writer.written >= due);
  };
  await aWhile();
  const read = await snapshotRows(pipeline);

  expect([await versionOf(source), await versionOf(replica)]).toEqual([
    expect.stringContaining(`${OLD}.`),
    expect.stringContaining(`${NEW}.`),
  ]);
  const to = `${replica.host}:${replica.port}`;
  await playSourceUpgrade('The source by a replica', {
    configFile: await fileOfAll(services),
    words: { [BACKUP_FOLDER]: `${await newFolder(scope)}/state`, 'HOST:PORT': to },
  });
  await aWhile();
  await afterwards(replica, database.name);
  await writer.stop();

  expect(writer.switches).toBe(1);
  await eventually('every store to equal the new source', async () => {
    const compared = await pipeline.compare(TABLES, replica);
    const found = differences(compared);
    if (found.length > 0) throw new Error(found.join('\n'));
    return compared.rows > writer.written;
  });
  const status = (await capture.process.status()) as CaptureStatus;
  expect(status).toMatchObject({ state: 'streaming', stream: { generation: 2, server: to } });
  expect(await snapshotRows(pipeline)).toBe(read);
  await everyRowOnce(pipeline, writer.written);
});

async function snapshotsDone(capture: PipelineProcess, { database }: SinkPipeline): Promise<void> {
  await eventually('the first snapshots', async () => {
    const { snapshot } = (await capture.process.status()) as CaptureStatus;
    return ['item', 'kept'].every((table) => snapshot[`${database.name}.${table}`]?.state === 'done');
  });
}

/** Statements of the application on the new version. */
async function afterwards(server: MysqlServer, database: string): Promise<void> {
  const connection = await connect({ ...server, database, connectTimeoutMs: 10_000 });
  try {
    for (const statement of AFTERWARDS) await connection.query(statement);
  } finally {
    connection.destroy();
  }
}

const itemsOf = (pipeline: SinkPipeline): Promise<RowRecord[]> =>
  readSettledRows(pipeline.reader, pipeline.topic('item'));

/** Rows of `item` that came by a snapshot: more of them later would say that capture did not go on, and read the table again. */
async function snapshotRows(pipeline: SinkPipeline): Promise<number> {
  const rows = await itemsOf(pipeline);
  return rows.filter(({ payload }) => payload.operation === 'SNAPSHOT').length;
}

/** The topic has each row that was committed, inserted once, and no sink a dead letter. */
async function everyRowOnce(pipeline: SinkPipeline, written: number): Promise<void> {
  const rows = await itemsOf(pipeline);
  expect(duplicateSequences(rows)).toEqual([]);
  const inserted = rows
    .filter(({ payload }) => payload.operation === 'INSERT')
    .map(({ payload }) => Number(payload.after?.['id']))
    .toSorted((a, b) => a - b);
  expect(inserted).toEqual(Array.from({ length: written }, (_, index) => index + 1));
  for (const sink of SINK_NAMES) expect([sink, await pipeline.deadLetters(sink)]).toEqual([sink, []]);
}
