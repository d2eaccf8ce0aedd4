import { execFile } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { debianCommand, debianTree, type MysqlServer } from '@sluice/local-stack';

const TIMEOUT_MS = 1_800_000;
/** The client's own errors that it begins with: no statement has run. */
const NOT_CONNECTED = /^ERROR (1045|2\d\d\d) /;

/** Runs scripts as an installer does: by the server's own client, which goes on after an error. */
export class SqlClient {
  readonly #server: MysqlServer;
  readonly #root: string;

  static async of(server: MysqlServer, say: (line: string) => void): Promise<SqlClient> {
    const packages = ['mariadb-server-core', 'mariadb-client-core'];
    const tree = { key: 'mariadb-10.11', suite: 'bookworm', packages } as const;
    return new SqlClient(server, await debianTree(tree, { onProgress: say }));
  }

  private constructor(server: MysqlServer, root: string) {
    this.#server = server;
    this.#root = root;
  }

  /** The statements that the server refused, by its messages. Throws when the client does not connect, or does not end. */
  run(database: string, sql: string): Promise<string[]> {
    const { host, port, user, password } = this.#server;
    const { command, args } = debianCommand(this.#root, 'usr/bin/mariadb', [
      '--no-defaults',
      '--force',
      '--default-character-set=utf8mb4',
      // As WordPress and others set it by themselves: the zero dates of their tables are defaults that MySQL refuses else.
      `--init-command=SET SESSION sql_mode = REPLACE(REPLACE(@@sql_mode, 'NO_ZERO_IN_DATE', ''), 'NO_ZERO_DATE', '')`,
      // MySQL's accounts need one.
      `--plugin-dir=${pluginFolder(this.#root)}`,
      `--host=${host}`,
      `--port=${port}`,
      `--user=${user}`,
      `--password=${password}`,
      database,
    ]);
    return new Promise((resolve, reject) => {
      const options = { timeout: TIMEOUT_MS, maxBuffer: 64 << 20 };
      const child = execFile(command, args, options, (error, _, problems) => {
        if (error?.killed === true) return reject(new Error('the client did not end', { cause: error }));
        const refused = problems.split('\n').filter((line) => line.startsWith('ERROR'));
        const [first = ''] = refused;
        if (NOT_CONNECTED.test(first)) reject(new Error(first, { cause: error }));
        else resolve(refused);
      });
      // A client that cannot connect has gone before it has read all.
      child.stdin?.on('error', () => undefined);
      child.stdin?.end(sql);
    });
  }
}

/** Below the folder of the machine's kind, which has no other name of this form. */
function pluginFolder(root: string): string {
  const library = join(root, 'usr/lib');
  const machine = readdirSync(library).find((name) => name.endsWith('-linux-gnu')) ?? '';
  return join(library, machine, 'libmariadb3/plugin');
}
