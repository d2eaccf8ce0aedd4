import { chmod, mkdir, rm, symlink, writeFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { debianCommand, type MysqlServer } from '@sluice/local-stack';
import { connect, type RowDataPacket } from '@sluice/mysql';
import type { Scope } from '../harness/scope.ts';
import { copySuite } from './suite-copy.ts';
import type { SuiteFolder } from './suite-folder.ts';

/** What the suite's own runner prepares for its files. */
export interface RunPlace {
  /** The files' `$MYSQLTEST_VARDIR`: the server's data is below it, because they may change files nowhere else. */
  readonly folder: string;
  /** The suite's files, changed so that one server is enough. */
  readonly files: string;
  /** The server's socket. */
  readonly socket: string;
  /** Programs that are connected by themselves, by the variables in which files look for them. */
  readonly programs: Readonly<Record<string, string>>;
}

const CONNECTING = {
  MYSQL: 'mariadb',
  MYSQL_SLAVE: 'mariadb',
  MYSQL_DUMP: 'mariadb-dump',
  MYSQL_DUMP_SLAVE: 'mariadb-dump',
  MYSQL_CHECK: 'mariadb-check',
  MYSQL_IMPORT: 'mariadb-import',
  MYSQL_SHOW: 'mariadb-show',
  MYSQL_SLAP: 'mariadb-slap',
  MYSQLADMIN: 'mariadb-admin',
} as const;

/** Files connect by the socket, as root and without a password; whoever comes by TCP is another account. */
export async function runPlace(scope: Scope, suite: SuiteFolder, server: MysqlServer): Promise<RunPlace> {
  const connection = await connect({ ...server, connectTimeoutMs: 10_000 });
  await connection.query("ALTER USER 'root'@'localhost' IDENTIFIED VIA mysql_native_password USING ''");
  const [[row]] = await connection.query<RowDataPacket[]>('SELECT @@datadir AS data, @@socket AS socket');
  // Files tell it which warnings they expect.
  await connection.query('CREATE DATABASE mtr');
  await connection.query('CREATE PROCEDURE mtr.add_suppression(pattern VARCHAR(255)) BEGIN END');
  await connection.end();
  const data = String(row?.['data']);
  // Where `SELECT … INTO OUTFILE '../../tmp/…'` writes.
  const folder = join(data, '../..');
  const made = ['tmp', 'log', 'run', 'bin', 'std_data', 'mysql-test'].map((name) => join(folder, name));
  const taken = made.find((path) => existsSync(path));
  if (taken !== undefined) throw new Error(`${taken} is there already`);
  scope.defer(async () => {
    for (const path of made) await rm(path, { recursive: true, force: true });
  });
  for (const name of ['tmp', 'log', 'run', 'bin']) await mkdir(join(folder, name));
  await symlink(join(suite.files, 'std_data'), join(folder, 'std_data'));
  const files = join(folder, 'mysql-test');
  await copySuite(suite.files, files);
  const socket = join(data, String(row?.['socket']));
  return { folder, files, socket, programs: await programs(suite, folder, socket) };
}

async function programs(
  { root }: SuiteFolder,
  folder: string,
  socket: string,
): Promise<Record<string, string>> {
  const own = ['--no-defaults', `--socket=${socket}`, '--user=root'];
  const made: Record<string, string> = {};
  const script = async (variable: string, program: string, args: readonly string[]): Promise<void> => {
    const called = debianCommand(root, `usr/bin/${program}`, args);
    const path = join(folder, 'bin', variable.toLowerCase());
    const words = [called.command, ...called.args].map((word) => `'${word}'`).join(' ');
    await writeFile(path, `#!/bin/sh\nexec ${words} "$@"\n`);
    await chmod(path, 0o755);
    made[variable] = path;
  };
  for (const [variable, program] of Object.entries(CONNECTING)) await script(variable, program, own);
  await script('MYSQL_BINLOG', 'mariadb-binlog', ['--no-defaults', `--local-load=${join(folder, 'tmp')}`]);
  return made;
}
