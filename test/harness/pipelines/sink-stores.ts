import { Client } from '@elastic/elasticsearch';
import type { MysqlServer, Stack } from '@sluice/local-stack';
import { connect, quoteIdentifier, type Connection } from '@sluice/mysql';
import { readClientTls } from '@sluice/runtime';
import { Redis } from 'ioredis';
import type { Scope } from '../scope.ts';

type Section = Readonly<Record<string, unknown>>;

/** On one machine a silent sink is a dead one; Kafka allows no less than 6 s by default. */
const SESSION_TIMEOUT_MS = 6000;
const INDEXES_A_REQUEST = 20;

/** The servers that it needs of a stack. */
export type StoreServers = Pick<Stack, 'redis' | 'targetMysql'> & {
  readonly elasticsearch: Stack['elasticsearch'] & { readonly tls?: TlsSection };
};

/** A section `tls` of sluice.yaml. */
export interface TlsSection {
  readonly caFile: string;
  readonly certFile: string;
  readonly keyFile: string;
  readonly rejectUnauthorized: true;
}

/** What the three sinks of one pipeline write into: names that carry the source database's, removed at the end of the scope. */
export class SinkStores {
  /** Database on the target server that holds the copies of the source's tables. */
  readonly targetDatabase: string;
  /** Database on the target server with the sink's offsets and tombstones. */
  readonly stateDatabase: string;
  readonly redis: Redis;
  readonly elasticsearch: Client;
  readonly target: Connection;
  readonly #stack: StoreServers;
  readonly #database: string;
  readonly #name: string;

  /** @param name of the pipeline: what these stores' own names begin with */
  static async open(
    scope: Scope,
    stack: StoreServers,
    database: string,
    name = database,
  ): Promise<SinkStores> {
    const target = await connect({ ...stack.targetMysql, connectTimeoutMs: 10_000 });
    const stores = new SinkStores(stack, database, name, target);
    scope.defer(() => stores.#remove());
    return stores;
  }

  private constructor(stack: StoreServers, database: string, name: string, target: Connection) {
    this.#stack = stack;
    this.#database = database;
    this.#name = name;
    this.targetDatabase = `${name}_copy`;
    this.stateDatabase = `${name}_state`;
    this.redis = new Redis(stack.redis.url);
    const { node, tls } = stack.elasticsearch;
    this.elasticsearch = new Client({
      node,
      ...(tls === undefined ? {} : { tls: readClientTls(tls, 'elasticsearch') }),
    });
    this.target = target;
  }

  /** Name of the index of one of the source's tables. */
  index(table: string): string {
    return `${this.#indexPrefix}${this.#database}.${table}`;
  }

  /** The sections below `sinks` in sluice.yaml, without `ops`. */
  get sections(): Readonly<Record<'redis' | 'elasticsearch' | 'mysql', Section>> {
    const { redis, elasticsearch } = this.#stack;
    const sessionTimeoutMs = SESSION_TIMEOUT_MS;
    return {
      redis: { url: redis.url, keyPrefix: this.#keyPrefix, sessionTimeoutMs },
      elasticsearch: { ...elasticsearch, indexPrefix: this.#indexPrefix, sessionTimeoutMs },
      mysql: {
        ...this.#targetServer,
        databases: { [this.#database]: this.targetDatabase },
        stateDatabase: this.stateDatabase,
        sessionTimeoutMs,
      },
    };
  }

  /** Where a compare finds the copies. */
  get compared(): Readonly<Record<'redis' | 'elasticsearch' | 'mysql', object>> {
    return {
      redis: { ...this.#stack.redis, keyPrefix: this.#keyPrefix },
      elasticsearch: { ...this.#stack.elasticsearch, indexPrefix: this.#indexPrefix },
      mysql: { ...this.#targetServer, databases: { [this.#database]: this.targetDatabase } },
    };
  }

  get #indexPrefix(): string {
    return `${this.#name}-`;
  }

  /** Stores of a second pipeline from the same database have keys of their own. */
  get #keyPrefix(): string {
    return this.#name === this.#database ? '' : `${this.#name}:`;
  }

  get #targetServer(): Omit<MysqlServer, 'flavour'> {
    const { host, port, user, password } = this.#stack.targetMysql;
    return { host, port, user, password };
  }

  async #remove(): Promise<void> {
    await this.lose();
    this.target.destroy();
    this.redis.disconnect();
    await this.elasticsearch.close();
  }

  /** Everything in them is gone, as in new servers. */
  async lose(): Promise<void> {
    for (const name of [this.targetDatabase, this.stateDatabase]) {
      await this.target.query(`DROP DATABASE IF EXISTS ${quoteIdentifier(name)}`);
    }
    for await (const keys of this.redis.scanStream({ match: `*${this.#database}*`, count: 2000 })) {
      if ((keys as string[]).length > 0) await this.redis.unlink(...(keys as string[]));
    }
    // Deleting by a pattern is refused by default, so the names are asked for.
    const found = await this.elasticsearch.indices.get({ index: `${this.#indexPrefix}*` });
    const indexes = Object.keys(found);
    // Their names go into the address of the request, which may not be long.
    for (let first = 0; first < indexes.length; first += INDEXES_A_REQUEST) {
      const index = indexes.slice(first, first + INDEXES_A_REQUEST);
      await this.elasticsearch.indices.delete({ index });
    }
  }
}
