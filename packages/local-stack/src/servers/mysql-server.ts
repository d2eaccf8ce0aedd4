import { cp, mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PipelineError } from '@sluice/runtime';
import { installDebian } from '../install/debian-packages.ts';
import { cachedFolder, type InstallerContext } from '../install/program-cache.ts';
import { debianCommand } from '../install/unpacked-program.ts';
import { lastLines, runProgram } from '../run-program.ts';
import { createAccountStatements } from './accounts.ts';
import { greetsAsMysql } from './mysql-greeting.ts';
import type { ServerDefinition, ServerRun } from './server.ts';
import { temporaryFolder } from './temporary-folder.ts';

const PROGRAM = 'usr/sbin/mysqld';

/** What the server is unpacked from; its client, `usr/bin/mysql`, is in it. */
export const MYSQL_TREE = {
  key: 'mysql-sid',
  suite: 'sid',
  packages: ['mysql-server-core', 'mysql-client-core'],
} as const;

/** What capture needs of a source. */
const SOURCE_FLAGS = [
  '--server-id=1',
  '--log-bin=binlog',
  '--binlog-format=ROW',
  '--binlog-row-image=FULL',
  '--binlog-row-metadata=FULL',
  '--gtid-mode=ON',
  '--enforce-gtid-consistency=ON',
  '--binlog-expire-logs-seconds=86400',
];
const TARGET_FLAGS = ['--skip-log-bin'];

/** Data lives for minutes: durability is traded for speed, and memory is kept small. */
const LIGHT_FLAGS = [
  '--performance-schema=OFF',
  '--innodb-buffer-pool-size=128M',
  '--innodb-flush-log-at-trx-commit=2',
  '--sync-binlog=0',
];

export function mysqlServer(role: 'source' | 'target'): ServerDefinition {
  return {
    title: role === 'source' ? 'MySQL' : 'MySQL (target)',
    install,
    prepare: async (run) => {
      await cp(run.template ?? '', join(run.folder, 'data'), { recursive: true });
      await mkdir(temporaryFolder(run.folder));
      const args = mysqldArguments(run, role);
      return { ...debianCommand(run.program, PROGRAM, args), env: {}, cwd: run.folder };
    },
    answers: greetsAsMysql,
  };
}

/** The user's flags come last, and the last one wins. */
export function mysqldArguments(
  run: Pick<ServerRun, 'program' | 'folder' | 'port' | 'flags'>,
  role: 'source' | 'target',
): string[] {
  return [
    ...placeArguments(run.program, join(run.folder, 'data'), temporaryFolder(run.folder)),
    `--port=${run.port}`,
    '--bind-address=127.0.0.1',
    '--skip-name-resolve',
    ...LIGHT_FLAGS,
    ...(role === 'source' ? SOURCE_FLAGS : TARGET_FLAGS),
    ...run.flags,
  ];
}

async function install(context: InstallerContext): Promise<{ program: string; template: string }> {
  const program = await cachedFolder(MYSQL_TREE.key, context, (folder, installer) => {
    context.progress('mysql: downloading (Debian sid, about 70 MB)');
    return installDebian(MYSQL_TREE, folder, installer);
  });
  const template = await cachedFolder('mysql-sid-data', context, (folder, installer) => {
    context.progress('mysql: initialising a data folder');
    return initialise(program, folder, installer);
  });
  return { program, template };
}

async function initialise(
  program: string,
  folder: string,
  installer: InstallerContext & { temporary: string },
): Promise<void> {
  const accounts = join(installer.temporary, 'accounts.sql');
  await writeFile(accounts, createAccountStatements('mysql').join('\n'));
  await mkdir(folder, { recursive: true });
  const { command, args } = debianCommand(program, PROGRAM, [
    ...placeArguments(program, folder, installer.temporary),
    '--initialize-insecure',
    `--init-file=${accounts}`,
    '--innodb-redo-log-capacity=16M',
    '--skip-log-bin',
  ]);
  const result = await runProgram(command, args, { signal: installer.signal });
  if (!result.ok) {
    throw new PipelineError(
      'STACK_SERVER_FAILED',
      `mysqld --initialize failed: ${lastLines(result.output, 10)}`,
    );
  }
  await rm(join(folder, 'auto.cnf'), { force: true }); // every server is to have a uuid of its own
}

function placeArguments(program: string, data: string, temporary: string): string[] {
  const share = join(program, 'usr/share/mysql');
  return [
    '--no-defaults',
    ...(process.getuid?.() === 0 ? ['--user=root'] : []),
    `--basedir=${join(program, 'usr')}`,
    `--datadir=${data}`,
    `--tmpdir=${temporary}`,
    `--lc-messages-dir=${share}`,
    `--character-sets-dir=${join(share, 'charsets')}`,
    `--plugin-dir=${join(program, 'usr/lib/mysql/plugin')}`,
    '--mysqlx=OFF',
    '--secure-file-priv=',
    // Relative to the data folder: a socket's path is limited to 107 bytes (unix(7)).
    '--socket=mysqld.sock',
    '--pid-file=mysqld.pid',
  ];
}
