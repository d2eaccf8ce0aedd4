import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { debianCommand, type MysqlServer } from '@sluice/local-stack';
import type { RunPlace } from './run-place.ts';
import type { SuiteFolder } from './suite-folder.ts';

export interface FileEnd {
  readonly kind: 'whole' | 'partial' | 'skipped' | 'too long';
  /** Why the file ended before its last line; empty when it did not. */
  readonly reason: string;
}

export interface FileRun {
  readonly suite: SuiteFolder;
  /** Below the suite. */
  readonly file: string;
  readonly place: RunPlace;
  readonly server: MysqlServer;
  readonly database: string;
  readonly timeoutMs: number;
}

/** Exit code of mariadb-test(1) for a file that finds it is not meant for this server. */
const SKIPPED = 62;
/** Statements that only tidy up. */
const TIDIES_UP = /^\s*(drop (table|view|database|procedure|function|trigger|sequence|user)\b|--echo|#|$)/i;

/** Runs a file of the suite on the server; whether its own results match does not matter. */
export async function runFile({
  suite,
  file,
  place,
  server,
  database,
  timeoutMs,
}: FileRun): Promise<FileEnd> {
  const { folder } = place;
  const text = await readFile(join(suite.files, file), 'latin1');
  const copy = join(folder, 'file.test');
  await writeFile(
    copy,
    withWholePaths(
      withoutLastDrops(text),
      [dirname(file), dirname(dirname(file))].map((folder) => join(suite.files, folder)),
    ),
    'latin1',
  );
  const { command, args } = debianCommand(suite.root, 'usr/bin/mariadb-test', [
    '--no-defaults',
    '--silent',
    `--port=${server.port}`,
    `--socket=${place.socket}`,
    '--user=root',
    `--database=${database}`,
    `--basedir=${suite.files}/`,
    `--tmpdir=${folder}`,
    `--logdir=${folder}`,
    `--test-file=${copy}`,
  ]);
  const env = {
    ...process.env,
    MYSQLTEST_VARDIR: folder,
    MYSQL_TMP_DIR: join(folder, 'tmp'),
    MYSQL_TEST_DIR: suite.files,
    MYSQL: place.client,
    MASTER_MYPORT: String(server.port),
    MASTER_MYSOCK: place.socket,
    USE_RUNNING_SERVER: '1',
  };
  return new Promise((resolve) => {
    const options = {
      cwd: suite.files,
      env,
      timeout: timeoutMs,
      killSignal: 'SIGKILL',
      maxBuffer: 64 << 20,
    } as const;
    const child = execFile(command, args, options, (error, _, problems) => {
      if (error === null) return resolve({ kind: 'whole', reason: '' });
      if (error.killed === true) return resolve({ kind: 'too long', reason: '' });
      resolve({ kind: error.code === SKIPPED ? 'skipped' : 'partial', reason: lineOf(problems) });
    });
    child.stdin?.end();
  });
}

/** The line that says where and why mariadb-test(1) gave up. */
function lineOf(problems: string): string {
  const lines = problems.split('\n').filter((line) => line.trim() !== '');
  return (lines.find((line) => line.includes('At line')) ?? lines[0] ?? '').slice(0, 300);
}

/** What a file includes from its own folders is not beside its copy. */
export function withWholePaths(text: string, folders: readonly string[]): string {
  return text.replaceAll(/^(\s*(?:--\s*)?source\s+)([^\s;$]+)/gm, (whole, before: string, name: string) => {
    const path = folders.map((folder) => join(folder, name)).find((each) => existsSync(each));
    return path === undefined ? whole : `${before}${path}`;
  });
}

/** So that there are rows to compare when the file has run. */
export function withoutLastDrops(text: string): string {
  const lines = text.split('\n');
  const last = lines.findLastIndex((line) => !TIDIES_UP.test(line));
  return lines
    .slice(0, last + 1)
    .map((line) => `${line}\n`)
    .join('');
}
