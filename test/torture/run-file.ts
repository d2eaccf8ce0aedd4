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
/** Statements that only tidy up, and commands around them. */
const TIDIES_UP =
  /^\s*(?:--\s*)?(?:drop (?:table|view|database|procedure|function|trigger|sequence|user)\b|set (?:global\b|@)|(?:dis)?connect(?:ion)?\b|source include\/(?:wait_until|rpl_end)|echo\b|(?:en|dis)able_\w+|#|$)/i;

/** Runs a file of the suite on the server; whether its own results match does not matter. */
export async function runFile({
  suite,
  file,
  place,
  server,
  database,
  timeoutMs,
}: FileRun): Promise<FileEnd> {
  const { folder, files } = place;
  const text = await readFile(join(files, file), 'latin1');
  const copy = join(folder, 'run', 'file.test');
  await writeFile(
    copy,
    withWholePaths(
      withoutLastDrops(text),
      [dirname(file), dirname(dirname(file))].map((beside) => join(files, beside)),
    ),
    'latin1',
  );
  const { command, args } = debianCommand(suite.root, 'usr/bin/mariadb-test', [
    '--no-defaults',
    '--silent',
    // Whether its own results match does not matter: what comes after the first that does not is done too.
    '--continue-on-error',
    `--port=${server.port}`,
    `--socket=${place.socket}`,
    '--user=root',
    `--database=${database}`,
    `--basedir=${files}/`,
    `--tmpdir=${join(folder, 'tmp')}`,
    `--logdir=${join(folder, 'log')}`,
    `--test-file=${copy}`,
  ]);
  const env = {
    ...process.env,
    MYSQLTEST_VARDIR: folder,
    MYSQL_TMP_DIR: join(folder, 'tmp'),
    MYSQL_TEST_DIR: files,
    ...place.programs,
    ...ports(server, place),
    // Files of system versioning are run in several ways; this is the first, which does without a plugin of the suite.
    TEST_VERSIONING_SO: 'none',
    MTR_COMBINATION_TIMESTAMP: '1',
    USE_RUNNING_SERVER: '1',
  };
  return new Promise((resolve) => {
    const options = {
      cwd: files,
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

/** Files that are about several servers find the one under the names of all. */
function ports({ port }: MysqlServer, { socket }: RunPlace): Record<string, string> {
  const names = ['MASTER_MYPORT', 'SLAVE_MYPORT', ...[1, 2, 3, 4].map((number) => `SERVER_MYPORT_${number}`)];
  const addresses = Object.fromEntries(names.map((name) => [name, String(port)]));
  return { ...addresses, MASTER_MYSOCK: socket, SLAVE_MYSOCK: socket };
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
