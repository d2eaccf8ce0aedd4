import { chmod, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { debianCommand, type MysqlServer } from '@sluice/local-stack';
import { connect, type RowDataPacket } from '@sluice/mysql';
import type { Scope } from '../harness/scope.ts';
import type { SuiteFolder } from './suite-folder.ts';

/** What the suite's own runner prepares for its files. */
export interface RunPlace {
  /** The files' `$MYSQLTEST_VARDIR`. */
  readonly folder: string;
  /** The server's socket, by a short name. */
  readonly socket: string;
  /** The files' `$MYSQL`: a client that is connected by itself. */
  readonly client: string;
}

/** Files connect by the socket, as root and without a password; whoever comes by TCP is another account. */
export async function runPlace(scope: Scope, suite: SuiteFolder, server: MysqlServer): Promise<RunPlace> {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-torture-'));
  scope.defer(() => rm(folder, { recursive: true, force: true }));
  const connection = await connect({ ...server, connectTimeoutMs: 10_000 });
  await connection.query("ALTER USER 'root'@'localhost' IDENTIFIED VIA mysql_native_password USING ''");
  const [[row]] = await connection.query<RowDataPacket[]>('SELECT @@datadir AS data, @@socket AS socket');
  // Files tell it which warnings they expect.
  await connection.query('CREATE DATABASE mtr');
  await connection.query('CREATE PROCEDURE mtr.add_suppression(pattern VARCHAR(255)) BEGIN END');
  await connection.end();
  const data = String(row?.['data']);
  // Where `SELECT … INTO OUTFILE '../../tmp/…'` writes.
  await mkdir(join(data, '../../tmp'), { recursive: true });
  for (const name of ['tmp', 'log', 'run']) await mkdir(join(folder, name));
  await symlink(join(suite.files, 'std_data'), join(folder, 'std_data'));
  const socket = join(folder, 'server.sock');
  await symlink(join(data, String(row?.['socket'])), socket);
  return { folder, socket, client: await clientScript(suite, folder, socket) };
}

async function clientScript({ root }: SuiteFolder, folder: string, socket: string): Promise<string> {
  const own = ['--no-defaults', `--socket=${socket}`, '--user=root'];
  const { command, args } = debianCommand(root, 'usr/bin/mariadb', own);
  const script = join(folder, 'mysql');
  const words = [command, ...args].map((word) => `'${word}'`).join(' ');
  await writeFile(script, `#!/bin/sh\nexec ${words} "$@"\n`);
  await chmod(script, 0o755);
  return script;
}
