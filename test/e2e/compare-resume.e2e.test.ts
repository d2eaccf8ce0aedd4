import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { comparePlaceSchema, compareReportSchema } from '@sluice/compare';
import { startStack, type MysqlServer } from '@sluice/local-stack';
import { connect, type RowDataPacket } from '@sluice/mysql';
import { afterAll, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { eventually } from '../harness/eventually.ts';
import { newFolder } from '../harness/processes/new-folder.ts';
import { programEnv, programFile } from '../harness/processes/programs.ts';
import { sluice } from '../harness/processes/sluice-command.ts';
import { testScope, uniqueName, type Scope } from '../harness/scope.ts';

const stack = await startStack({ servers: ['mysql', 'target-mysql'] });
afterAll(() => stack.stop());

const ROWS = 60_000;
const WRONG = [1, 30_000, ROWS];

/** A table whose copy differs in the first row, one in the middle and the last; dropped at the end. */
async function fill(
  scope: Scope,
  server: MysqlServer,
  database: string,
  wrong: readonly number[],
): Promise<void> {
  const connection = await connect({ ...server, connectTimeoutMs: 5000 });
  scope.defer(async () => {
    await connection.query(`DROP DATABASE IF EXISTS ${database}`);
    await connection.end();
  });
  await connection.query(`CREATE DATABASE ${database}`);
  await connection.query(`CREATE TABLE ${database}.t (id INT NOT NULL PRIMARY KEY, v INT NOT NULL)`);
  const ids = Array.from({ length: ROWS }, (_, at) => at + 1);
  for (let at = 0; at < ROWS; at += 10_000) {
    const rows = ids.slice(at, at + 10_000).map((id) => `(${id}, ${wrong.includes(id) ? -1 : id})`);
    await connection.query(`INSERT INTO ${database}.t VALUES ${rows.join(', ')}`);
  }
}

/** `user`: of both servers; default: the tests' own. */
function offlineConfig(name: string, user: object = {}) {
  const login = ({ host, port, user, password }: MysqlServer): object => ({ host, port, user, password });
  return {
    pipeline: name,
    source: { ...login(stack.mysql), ...user, tables: [`${name}.t`] },
    kafka: { brokers: ['127.0.0.1:1'] },
    sinks: {
      copy: { type: 'mysql', ...login(stack.targetMysql), ...user, databases: { [name]: `${name}_copy` } },
    },
  };
}

test(
  'a comparison that is killed in the middle goes on there, and no other one does',
  { timeout: 120_000 },
  async () => {
    const scope = testScope();
    const name = uniqueName('resume');
    await fill(scope, stack.mysql, name, []);
    await fill(scope, stack.targetMysql, `${name}_copy`, WRONG);
    const folder = await newFolder(scope);
    const [configFile, report] = ['sluice.yaml', 'report.json'].map((file) => join(folder, file)) as [
      string,
      string,
    ];
    const place = `${report}.place`;
    const config = offlineConfig(name);
    await writeFile(configFile, stringify(config));
    const line = ['compare', '--offline', '--output-file', report, '--rows-per-second'];
    const none = await sluice(configFile, [...line, '200', '--resume'].join(' '));
    expect([none.code, none.said]).toEqual([1, expect.stringContaining(`there is no ${place}`)]);

    const child = spawn(process.execPath, [programFile('sluice'), ...line, '200', '--config', configFile], {
      env: programEnv(),
      stdio: 'ignore',
    });
    scope.defer(() => void child.kill('SIGKILL'));
    const ended = once(child, 'close');
    const kept = await eventually('a place behind the first rows', async () => {
      const found = comparePlaceSchema.parse(JSON.parse(await readFile(place, 'utf8')));
      return (found.table?.sinks['copy']?.sums?.rows ?? 0) >= 10_000 && found;
    });
    child.kill('SIGKILL');
    await ended;
    expect(existsSync(report)).toBe(false);
    expect((await stat(place)).mode & 0o777).toBe(0o600);
    expect(kept.found.rows).toBeLessThan(ROWS);

    // What is not the same comparison does not go on there.
    const refusals: (readonly [string[], RegExp])[] = [
      [['--where', 'id > 5'], /--where was not given/],
      [['--sink', 'copy'], /its sinks were all/],
      [['--sample', '10'], /none is kept with --sample/],
    ];
    for (const [more, why] of refusals)
      expect((await sluice(configFile, [...line, '9000', '--resume'].join(' '), ...more)).said).toMatch(why);
    const strange = join(folder, 'strange.yaml');
    await writeFile(strange, stringify({ ...config, pipeline: 'other' }));
    const other = await sluice(strange, [...line, '9000', '--resume'].join(' '));
    expect([other.code, other.said]).toEqual([1, expect.stringContaining(`it is of pipeline ${name}`)]);
    const text = await readFile(place, 'utf8');
    await writeFile(place, text.replace(/"sluice":"[^"]+"/, '"sluice":"0.0.1"'));
    const older = await sluice(configFile, [...line, '9000', '--resume'].join(' '));
    expect([older.code, older.said]).toEqual([1, expect.stringContaining('it is of version 0.0.1')]);
    await writeFile(place, text);

    const rest = await sluice(configFile, [...line, '100000', '--resume'].join(' '));
    const found = compareReportSchema.parse(rest.document);
    expect([rest.code, found.result, found.rows, found.startedAt]).toEqual([
      3,
      'different',
      ROWS,
      kept.startedAt,
    ]);
    expect(found.differences.map(({ key }) => Number(key?.['id'])).sort((a, b) => a - b)).toEqual(WRONG);
    expect(found.tables[0]?.sinks['copy']).toMatchObject({ compared: ROWS, equal: ROWS - 3, different: 3 });
    expect(found.tables[0]?.remarks).toEqual([
      expect.stringMatching(/^compared in more than one run: the last one went on behind [1-9]\d*000 rows$/),
    ]);
    expect(JSON.parse(await readFile(report, 'utf8'))).toEqual(rest.document);
    expect(existsSync(place)).toBe(false);
  },
);

test(
  'servers that end its connections in the middle do not end a comparison',
  { timeout: 120_000 },
  async () => {
    const scope = testScope();
    const name = uniqueName('away');
    await fill(scope, stack.mysql, name, []);
    await fill(scope, stack.targetMysql, `${name}_copy`, WRONG);
    const [source, target] = await Promise.all([
      account(scope, stack.mysql, name),
      account(scope, stack.targetMysql, name),
    ]);
    const folder = await newFolder(scope);
    const configFile = join(folder, 'sluice.yaml');
    await writeFile(configFile, stringify(offlineConfig(name, { user: name, password: PASSWORD })));
    const report = join(folder, 'report.json');
    const compared = sluice(configFile, `compare --offline --output-file ${report} --rows-per-second 400`);
    for (const [rows, server] of [
      [10_000, source],
      [20_000, target],
    ] as const) {
      await eventually('a place behind these rows', async () => {
        const { table } = comparePlaceSchema.parse(JSON.parse(await readFile(`${report}.place`, 'utf8')));
        return (table?.sinks['copy']?.sums?.rows ?? 0) >= rows;
      });
      await server.throwOut();
    }
    const { code, said, document } = await compared;
    const found = compareReportSchema.parse(document);
    expect([code, found.result, found.rows]).toEqual([3, 'different', ROWS]);
    expect(found.differences.map(({ key }) => Number(key?.['id'])).sort((a, b) => a - b)).toEqual(WRONG);
    expect(found.tables[0]?.sinks['copy']).toMatchObject({ compared: ROWS, equal: ROWS - 3, different: 3 });
    expect(said.match(/: tried again in \d+s$/gmu)?.length).toBeGreaterThanOrEqual(2);
  },
);

const PASSWORD = 'Pass-word-5';

/** An account that may do everything, and loses its connections on demand. */
async function account(
  scope: Scope,
  server: MysqlServer,
  user: string,
): Promise<{ readonly throwOut: () => Promise<void> }> {
  const connection = await connect({ ...server, connectTimeoutMs: 5000 });
  scope.defer(async () => {
    await connection.query(`DROP USER IF EXISTS '${user}'@'%'`);
    await connection.end();
  });
  await connection.query(`CREATE USER '${user}'@'%' IDENTIFIED BY '${PASSWORD}'`);
  await connection.query(`GRANT ALL ON *.* TO '${user}'@'%'`);
  const throwOut = async (): Promise<void> => {
    const [rows] = await connection.query<RowDataPacket[]>(
      'SELECT ID AS id FROM information_schema.PROCESSLIST WHERE USER = ?',
      [user],
    );
    expect(rows.length).toBeGreaterThan(0);
    for (const row of rows) await connection.query(`KILL ${row['id']}`);
  };
  return { throwOut };
}
