import { setTimeout as delay } from 'node:timers/promises';
import type { MysqlServer } from '@sluice/local-stack';
import { connect, type Connection } from '@sluice/mysql';
import type { Scope } from '../scope.ts';

/** Between two rows, and before another server is tried (ms). */
const EVERY_MS = 5;
const READ_ONLY = 1290;

/** An application that writes rows with rising ids, each in a transaction of its own, to whichever of its servers takes writes. */
export class SwitchingWriter {
  /** Rows that a server has committed: ids from 1 to this. */
  written = 0;
  /** How often it went on at another server. */
  switches = 0;
  #stopped = false;
  readonly #done: Promise<void>;

  /** @param login of an account that a read-only server refuses */
  static async start(
    scope: Scope,
    servers: readonly MysqlServer[],
    table: string,
    login: { readonly user: string; readonly password: string },
  ): Promise<SwitchingWriter> {
    const connections = await Promise.all(
      servers.map(({ host, port }) => connect({ host, port, ...login, connectTimeoutMs: 10_000 })),
    );
    const writer = new SwitchingWriter(connections, table);
    scope.defer(async () => {
      await writer.stop();
      for (const connection of connections) connection.destroy();
    });
    return writer;
  }

  private constructor(connections: readonly Connection[], table: string) {
    this.#done = this.#run(connections, table);
    // Whoever stops it is told; nobody may be waiting yet.
    this.#done.catch(() => undefined);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#done;
  }

  async #run(connections: readonly Connection[], table: string): Promise<void> {
    let at = 0;
    let last = 0;
    while (!this.#stopped) {
      try {
        await connections[at]?.query(`INSERT INTO ${table} VALUES (${this.written + 1})`);
        this.written += 1;
        if (at !== last) this.switches += 1;
        last = at;
      } catch (error) {
        if ((error as { readonly errno?: number }).errno !== READ_ONLY) throw error;
        at = (at + 1) % connections.length;
      }
      await delay(EVERY_MS);
    }
  }
}
