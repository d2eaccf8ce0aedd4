import { existsSync } from 'node:fs';
import { cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PipelineError } from '@sluice/runtime';
import { installDebian } from '../install/debian-packages.ts';
import { cachedFolder, type Installer, type InstallerContext } from '../install/program-cache.ts';
import { debianCommand } from '../install/unpacked-program.ts';
import { lastLines, runProgram } from '../run-program.ts';
import type { Launch } from '../supervision.ts';
import { createAccountStatements } from './accounts.ts';
import { greetsAsMysql } from './mysql-greeting.ts';
import type { ServerDefinition, ServerRun } from './server.ts';
import { temporaryFolder } from './temporary-folder.ts';

export type MariadbVersion = '10.11' | '11.8';

const PROGRAM = 'usr/sbin/mariadbd';
/** To be raised when `initialise` changes: data folders of another revision are not used. */
const TEMPLATE_REVISION = 2;
const SUITES = { '10.11': 'bookworm', '11.8': 'sid' } as const;

/** What capture needs of a source; a target writes no binlog. */
const SOURCE_FLAGS = [
  '--server-id=2',
  '--log-bin=binlog',
  '--binlog-format=ROW',
  '--binlog-row-image=FULL',
  '--binlog-row-metadata=FULL',
  '--gtid-strict-mode=ON',
];
const LIGHT_FLAGS = [
  '--innodb-buffer-pool-size=128M',
  '--innodb-flush-log-at-trx-commit=2',
  '--sync-binlog=0',
];
/** The scripts of mariadb-install-db(1), in its order; the prefix is `mysql` up to 10.11. */
const SCRIPTS = ['_system_tables.sql', '_performance_tables.sql', '_system_tables_data.sql'];

export function mariadbServer(
  version: MariadbVersion,
  role: 'source' | 'target' = 'source',
): ServerDefinition {
  const launch = (run: Omit<ServerRun, 'template'>): Omit<Launch, 'logFile'> => ({
    ...debianCommand(run.program, PROGRAM, mariadbdArguments(run, role)),
    env: {},
    cwd: run.folder,
  });
  return {
    title: `MariaDB ${version}${role === 'target' ? ' (target)' : ''}`,
    install: (context) => installMariadb(version, context),
    prepare: async (run) => {
      await cp(run.template ?? '', join(run.folder, 'data'), { recursive: true });
      await mkdir(temporaryFolder(run.folder));
      return launch(run);
    },
    takeOver: launch,
    answers: greetsAsMysql,
  };
}

/** The user's flags come last, and the last one wins. */
export function mariadbdArguments(
  run: Pick<ServerRun, 'program' | 'folder' | 'port' | 'flags'>,
  role: 'source' | 'target' = 'source',
): string[] {
  return [
    ...placeArguments(run.program, join(run.folder, 'data'), temporaryFolder(run.folder)),
    `--port=${run.port}`,
    '--bind-address=127.0.0.1',
    '--skip-name-resolve',
    ...LIGHT_FLAGS,
    ...(role === 'source' ? SOURCE_FLAGS : []),
    ...run.flags,
  ];
}

/** The program, and a data folder that it has initialised. */
export async function installMariadb(
  version: MariadbVersion,
  context: InstallerContext,
): Promise<{ program: string; template: string }> {
  const suite = SUITES[version];
  const program = await cachedFolder(`mariadb-${version}`, context, (folder, installer) => {
    context.progress(`mariadb: downloading ${version} (Debian ${suite}, about 20 MB)`);
    return installDebian(
      { suite, packages: ['mariadb-server-core', 'mariadb-client-core'] },
      folder,
      installer,
    );
  });
  const template = await cachedFolder(
    `mariadb-${version}-data-${TEMPLATE_REVISION}`,
    context,
    (folder, installer) => {
      context.progress('mariadb: initialising a data folder');
      return initialise(program, folder, installer);
    },
  );
  return { program, template };
}

/** What mariadb-install-db does, without its shell script, which would use the host's own libraries. */
async function initialise(program: string, folder: string, installer: Installer): Promise<void> {
  const share = shareFolder(program);
  const prefix = existsSync(join(share, `mariadb${SCRIPTS[0]}`)) ? 'mariadb' : 'mysql';
  const scripts = SCRIPTS.map((script) => readFile(join(share, prefix + script), 'utf8'));
  const input = [
    'create database if not exists mysql;',
    'use mysql;',
    'set @skip_auth_anonymous=1;',
    'set @auth_root_socket=NULL;',
    ...(await Promise.all(scripts)),
    // The scripts also let root in without a password from 127.0.0.1, ::1 and the host's own name.
    "delete from mysql.global_priv where User = 'root' and Host <> 'localhost';",
    'flush privileges;',
  ];
  await mkdir(join(folder, 'mysql'), { recursive: true });
  await execute(program, folder, ['--bootstrap'], input.join('\n'), installer);
  const accounts = join(installer.temporary, 'accounts.sql');
  await writeFile(accounts, [...createAccountStatements('mariadb'), 'shutdown;'].join('\n'));
  await execute(program, folder, ['--skip-networking', `--init-file=${accounts}`], '', installer);
  await rm(join(folder, 'mariadbd.pid'), { force: true });
}

async function execute(
  program: string,
  data: string,
  flags: readonly string[],
  input: string,
  installer: Installer,
): Promise<void> {
  const all = [...placeArguments(program, data, installer.temporary), '--innodb-log-file-size=32M', ...flags];
  const { command, args } = debianCommand(program, PROGRAM, all);
  const result = await runProgram(command, args, { input, signal: installer.signal });
  if (result.ok) return;
  throw new PipelineError('STACK_SERVER_FAILED', `mariadbd failed: ${lastLines(result.output, 10)}`);
}

function shareFolder(program: string): string {
  const current = join(program, 'usr/share/mariadb');
  return existsSync(current) ? current : join(program, 'usr/share/mysql');
}

function placeArguments(program: string, data: string, temporary: string): string[] {
  const share = shareFolder(program);
  return [
    '--no-defaults',
    ...(process.getuid?.() === 0 ? ['--user=root'] : []),
    `--basedir=${join(program, 'usr')}`,
    `--datadir=${data}`,
    `--tmpdir=${temporary}`,
    `--lc-messages-dir=${share}`,
    `--character-sets-dir=${join(share, 'charsets')}`,
    // Relative to the data folder: a socket's path is limited to 107 bytes (unix(7)).
    '--socket=mariadbd.sock',
    '--pid-file=mariadbd.pid',
  ];
}
