import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { debianCommand, debianTree, type MysqlServer } from '@sluice/local-stack';

export interface Load {
  readonly server: MysqlServer;
  readonly database: string;
  readonly seconds: number;
  /** Transactions a second. */
  readonly rate: number;
}

const TABLES = 4;
const ROWS = 5000;
const SESSIONS = 4;
const GRACE_MS = 120_000;

/** sysbench's `oltp_read_write`: tables are made and filled, then transactions of reads, updates, a delete and an insert. */
export class Sysbench {
  readonly #root: string;

  static async get(say: (line: string) => void): Promise<Sysbench> {
    const tree = { key: 'sysbench', suite: 'bookworm', packages: ['sysbench'] } as const;
    return new Sysbench(await debianTree(tree, { onProgress: say }));
  }

  private constructor(root: string) {
    this.#root = root;
  }

  async prepare(load: Load): Promise<void> {
    await this.#run(load, 'prepare');
  }

  /** Returns the lines of sysbench's report that say how much was done. */
  async run(load: Load): Promise<string[]> {
    const report = await this.#run(load, 'run');
    const wanted = /^\s*(transactions|queries|ignored errors|avg|95th percentile):/;
    return report
      .split('\n')
      .filter((line) => wanted.test(line))
      .map((line) => line.trim().replace(/\s+/g, ' '));
  }

  #run({ server, database, seconds, rate }: Load, verb: 'prepare' | 'run'): Promise<string> {
    const scripts = join(this.#root, 'usr/share/sysbench');
    const { command, args } = debianCommand(this.#root, 'usr/bin/sysbench', [
      join(scripts, 'oltp_read_write.lua'),
      '--db-driver=mysql',
      `--mysql-host=${server.host}`,
      `--mysql-port=${server.port}`,
      `--mysql-user=${server.user}`,
      `--mysql-password=${server.password}`,
      `--mysql-db=${database}`,
      `--tables=${TABLES}`,
      `--table-size=${ROWS}`,
      `--threads=${SESSIONS}`,
      `--time=${seconds}`,
      `--rate=${rate}`,
      verb,
    ]);
    const options = {
      timeout: seconds * 1000 + GRACE_MS,
      maxBuffer: 64 << 20,
      env: { ...process.env, LUA_PATH: join(scripts, '?.lua') },
    };
    return new Promise((resolve, reject) => {
      execFile(command, args, options, (error, output, problems) => {
        if (error === null) resolve(output);
        else reject(new Error(`sysbench ${verb}: ${problems || output}`, { cause: error }));
      });
    });
  }
}
