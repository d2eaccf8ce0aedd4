import type { MysqlServer } from '@sluice/local-stack';
import { followStatement, type ServerPlace } from '../histories/replica.ts';
import type { ReplicatedServers } from './fault-servers.ts';

/** What begins and ends a server's work as a replica. */
export const REPLICATION = {
  mysql: { start: 'START REPLICA', stop: 'STOP REPLICA', forget: 'RESET REPLICA ALL' },
  mariadb: { start: 'START SLAVE', stop: 'STOP SLAVE', forget: 'RESET SLAVE ALL' },
};

/** MySQL has one that administrators do not pass. */
const NO_WRITES = { mysql: 'super_read_only', mariadb: 'read_only' };

/** Which of two servers is the primary, while the role goes from one to the other and back. */
export class SourceRoles {
  readonly #both: ReplicatedServers;
  #primary: ServerPlace = 'source';

  constructor(both: ReplicatedServers) {
    this.#both = both;
  }

  /** The replica takes the place of the primary, which lives on and takes no writes; the name leads there. */
  async handOver(): Promise<void> {
    const { servers } = this.#both;
    const [old, next] = [this.#primary, this.#replica];
    await servers.on(old, 'FLUSH TABLES WITH READ LOCK');
    await servers.caughtUp(next);
    await this.#promote(next);
    await servers.on(old, `SET GLOBAL ${NO_WRITES[this.#flavour]} = ON`);
    await servers.on(old, 'UNLOCK TABLES');
  }

  /** The primary dies when the replica has all of it; that one takes its place, and the name leads there. */
  async failOver(): Promise<void> {
    const { servers } = this.#both;
    const [old, next] = [this.#primary, this.#replica];
    // What is committed afterwards would be on a server only that is gone: orphans, which are another test's business.
    await servers.on(old, 'FLUSH TABLES WITH READ LOCK');
    await servers.caughtUp(next);
    await servers.kill(old);
    await this.#promote(next);
  }

  /** The server that died comes back as the replica of the one that took its place. */
  async rejoin(): Promise<void> {
    const { servers } = this.#both;
    const back = this.#replica;
    await servers.start(back);
    await servers.on(back, 'SET GLOBAL read_only = ON');
    if (this.#flavour === 'mariadb') await servers.on(back, 'SET GLOBAL gtid_slave_pos = @@gtid_binlog_pos');
    await servers.on(back, followStatement(servers[this.#primary]));
    await servers.on(back, REPLICATION[this.#flavour].start);
    await servers.caughtUp(back);
  }

  /** `kill -9` of the primary; nobody takes its place. */
  killPrimary(): Promise<void> {
    return this.#both.servers.kill(this.#primary);
  }

  /** The primary comes back as what it was. */
  async startPrimary(): Promise<void> {
    const { servers } = this.#both;
    await servers.start(this.#primary);
    await servers.on(this.#primary, 'SET GLOBAL read_only = OFF');
    // By itself a replica tries again after a minute.
    const { stop, start } = REPLICATION[this.#flavour];
    for (const statement of [stop, start]) await servers.on(this.#replica, statement);
    await servers.caughtUp(this.#replica);
  }

  async #promote(next: ServerPlace): Promise<void> {
    const { servers, name } = this.#both;
    const { stop, forget } = REPLICATION[this.#flavour];
    for (const statement of [stop, forget, 'SET GLOBAL read_only = OFF']) await servers.on(next, statement);
    const { host, port } = servers[next];
    name.moveTo({ host, port });
    this.#primary = next;
  }

  get #replica(): ServerPlace {
    return this.#primary === 'source' ? 'replica' : 'source';
  }

  get #flavour(): MysqlServer['flavour'] {
    return this.#both.servers.source.flavour;
  }
}
