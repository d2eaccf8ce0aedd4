import type { Address } from './environment.ts';
import { LOOPBACK, type ManagedServer } from './managed-server.ts';
import { ACCOUNT } from './servers/accounts.ts';
import type { ServerDefinition, ServerName } from './servers/server.ts';
import type { ProcessSignal } from './supervision.ts';
import type { SupervisorClient } from './supervisor-client.ts';
import { PipelineError } from '@sluice/runtime';

export interface MysqlServer {
  readonly flavour: 'mysql' | 'mariadb';
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
}

/** Running servers. A server that was not asked for throws when it is used. */
export class Stack {
  readonly #servers: ReadonlyMap<ServerName, ManagedServer>;
  readonly #attached: ReadonlyMap<ServerName, Address>;
  readonly #supervisor: SupervisorClient | null;
  readonly #targetFlavour: MysqlServer['flavour'];

  constructor(
    servers: ReadonlyMap<ServerName, ManagedServer>,
    attached: ReadonlyMap<ServerName, Address>,
    supervisor: SupervisorClient | null,
    targetFlavour: MysqlServer['flavour'],
  ) {
    this.#servers = servers;
    this.#attached = attached;
    this.#supervisor = supervisor;
    this.#targetFlavour = targetFlavour;
  }

  get kafka(): { readonly brokers: readonly string[] } {
    const { text, host, port } = this.#address('kafka');
    return { brokers: text === '' ? [`${host}:${port}`] : text.split(',').map((broker) => broker.trim()) };
  }

  /** The source MySQL. */
  get mysql(): MysqlServer {
    return this.#mysql('mysql', 'mysql');
  }

  /** The source MariaDB. */
  get mariadb(): MysqlServer {
    return this.#mysql('mariadb', 'mariadb');
  }

  /** The target: MySQL, or what SLUICE_STACK_TARGET names. */
  get targetMysql(): MysqlServer {
    return this.#mysql('target-mysql', this.#targetFlavour);
  }

  get redis(): { readonly url: string } {
    const { text, host, port } = this.#address('redis');
    return { url: text || `redis://${host}:${port}` };
  }

  get elasticsearch(): { readonly node: string } {
    const { text, host, port } = this.#address('elasticsearch');
    return { node: text || `http://${host}:${port}` };
  }

  get prometheus(): { readonly url: string } {
    const { text, host, port } = this.#address('prometheus');
    return { url: text || `http://${host}:${port}` };
  }

  get alertmanager(): { readonly url: string } {
    const { text, host, port } = this.#address('alertmanager');
    return { url: text || `http://${host}:${port}` };
  }

  /** The process id of a server of this stack; it leads a process group of its own. */
  pid(server: ServerName): number {
    return this.#owned(server).pid;
  }

  /** Resolves when the server has ended; SIGSTOP and SIGCONT only pause it and let it go on. */
  kill(server: ServerName, signal: ProcessSignal = 'SIGKILL'): Promise<void> {
    return this.#owned(server).kill(signal);
  }

  /** Starts a server again after `kill`, on the same port and data; resolves when it answers. */
  start(server: ServerName): Promise<void> {
    return this.#owned(server).start(new AbortController().signal);
  }

  /** A server that was ended, from its next start on in another version: on the same port, with its settings and its data. */
  changeTo(server: ServerName, definition: ServerDefinition, program: string): void {
    this.#owned(server).changeTo(definition, program);
  }

  /** Why a server of this stack that should run does not: STACK_SERVER_FAILED with the end of its log; null while it runs. */
  lost(server: ServerName): Promise<PipelineError | null> {
    return this.#owned(server).lost();
  }

  /** By default a clean restart; with SIGKILL a crash and recovery. */
  async restart(server: ServerName, signal: ProcessSignal = 'SIGTERM'): Promise<void> {
    await this.kill(server, signal);
    await this.start(server);
  }

  /** Ends every server that this stack has started and removes their data; attached servers stay as they are. */
  async stop(): Promise<void> {
    await this.#supervisor?.stop();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  #mysql(name: ServerName, flavour: 'mysql' | 'mariadb'): MysqlServer {
    const { host, port, user, password } = this.#address(name);
    return { flavour, host, port, user, password };
  }

  #address(name: ServerName): Address {
    const attached = this.#attached.get(name);
    if (attached !== undefined) return attached;
    return { host: LOOPBACK, port: this.#owned(name).port, ...ACCOUNT, text: '' };
  }

  #owned(name: ServerName): ManagedServer {
    const server = this.#servers.get(name);
    if (server !== undefined) return server;
    const reason = this.#attached.has(name) ? 'was attached to, not started, here' : 'was not asked for';
    throw new PipelineError('STACK_SERVER_FAILED', `${name} ${reason}`);
  }
}
