import { mkdir, readdir, readFile, symlink } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { join, relative } from 'node:path';
import { debianTree } from '@sluice/local-stack';

/** Where the files are, and how one is run. */
export interface SuiteFolder {
  /** Root of the unpacked packages. */
  readonly root: string;
  /** `mysql-test` below it. */
  readonly files: string;
}

/** The folders of MariaDB's suite whose statements say something about rows. */
export const FOLDERS: readonly string[] = [
  'main',
  'suite/engines/iuds',
  'suite/engines/funcs',
  'suite/innodb',
  'suite/gcol',
  'suite/vcol',
  'suite/json',
  'suite/innodb_gis',
  'suite/innodb_fts',
  'suite/parts',
  'suite/versioning',
  'suite/period',
  'suite/sql_sequence',
  'suite/binlog',
  'suite/rpl',
  'suite/sys_vars',
  'suite/funcs_1',
];

/** Files that stop or restart the server, or wait long: those are for the suite's own runner. */
const NEEDS_RUNNER =
  /shutdown|restart_mysqld|kill_mysqld|kill_and_restart|rpl_\w+_server|have_debug|have_innodb_.*64k|not_embedded_big|galera|big_test|sleep [0-9]{2,}/i;

/** Unpacked by the operator (`SLUICE_MARIADB_TEST`, the root of the packages), else fetched into the stack's cache. */
export async function suiteFolder(say: (line: string) => void): Promise<SuiteFolder> {
  const given = process.env['SLUICE_MARIADB_TEST'];
  const root =
    given ??
    (await debianTree(
      { key: 'mariadb-test-10.11', suite: 'bookworm', packages: ['mariadb-test', 'mariadb-test-data'] },
      { onProgress: say },
    ));
  const files = join(root, 'usr/share/mysql/mysql-test');
  if (!existsSync(files))
    throw new Error(`${files} is not there: unpack mariadb-test and mariadb-test-data into ${root}`);
  return { root, files };
}

export interface TestFiles {
  /** By paths below the suite. */
  readonly files: readonly string[];
  /** Number of those that only the suite's own runner can run. */
  readonly needRunner: number;
}

/** Files of these folders that can be run by themselves, in name order. */
export async function testFiles({ files }: SuiteFolder, folders: readonly string[]): Promise<TestFiles> {
  const found: string[] = [];
  let needRunner = 0;
  for (const folder of folders) {
    const place = [join(files, folder, 't'), join(files, folder)].find((path) => existsSync(path));
    if (place === undefined) throw new Error(`the suite has no folder ${folder}`);
    const names = (await readdir(place)).filter((name) => name.endsWith('.test')).sort();
    for (const name of names) {
      const text = await readFile(join(place, name), 'latin1');
      if (NEEDS_RUNNER.test(text)) needRunner++;
      else found.push(relative(files, join(place, name)));
    }
  }
  return { files: found, needRunner };
}

/** The programs look for character sets beside the suite; the server's packages have them. */
export async function linkShare({ root }: SuiteFolder, server: string): Promise<void> {
  const share = join(root, 'usr/share/mysql');
  await mkdir(share, { recursive: true });
  for (const name of await readdir(server)) {
    if (!existsSync(join(share, name))) await symlink(join(server, name), join(share, name));
  }
}
