import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, type RowDataPacket } from '@sluice/mysql';
import { uniqueName, type Scope } from '../scope.ts';
import {
  SINK_NAMES,
  SinkPipeline,
  type PipelineProcess,
  type ServiceName,
} from '../pipelines/sink-pipeline.ts';
import type { StoreServers } from '../pipelines/sink-stores.ts';
import type { SourceDatabase } from '../pipelines/source-database.ts';
import {
  addElasticsearchRole,
  PASSWORD,
  REBUILD_ROLE,
  setElasticsearchPassword,
  type CertifiedServers,
  type GuardedStack,
  type Principal,
} from './guarded-stack.ts';
import { shippedKafkaRules, shippedRole, shippedStatements } from './shipped-rules.ts';

type Section = Readonly<Record<string, unknown>>;

const NO_SUCH_THREAD = 1094;

/**
 * A pipeline whose services log in everywhere by TLS with a client certificate, each by the account that `infra` has for it and a password from
 * a file.
 */
export class GuardedPipeline {
  readonly pipeline: SinkPipeline;
  /** The name of the accounts of source and target. */
  readonly user: string;
  readonly #servers: CertifiedServers;
  readonly #guarded: GuardedStack;
  readonly #topics: Section;
  readonly #passwordFile: string;

  /** @param topics settings of the section */
  static async create(
    scope: Scope,
    servers: CertifiedServers,
    guarded: GuardedStack,
    database: SourceDatabase,
    topics: Section = {},
  ): Promise<GuardedPipeline> {
    const user = uniqueName('least').slice(0, 30);
    await makeCaptureAccount(scope, database, user);
    await database.run(`ALTER USER '${user}'@'%' REQUIRE X509`);
    const pipeline = await SinkPipeline.create(scope, { stack: guarded.stack, database });
    await makeSinkAccount(scope, guarded.stack, pipeline, user);
    await pipeline.stores.target.query(`ALTER USER '${user}'@'%' REQUIRE X509`);
    const folder = await mkdtemp(join(tmpdir(), 'sluice-password-'));
    scope.defer(() => rm(folder, { recursive: true }));
    const passwordFile = join(folder, 'password');
    await writeFile(passwordFile, `${PASSWORD}\n`);
    return new GuardedPipeline(pipeline, user, servers, guarded, topics, passwordFile);
  }

  private constructor(
    pipeline: SinkPipeline,
    user: string,
    servers: CertifiedServers,
    guarded: GuardedStack,
    topics: Section,
    passwordFile: string,
  ) {
    this.#passwordFile = passwordFile;
    this.#servers = servers;
    this.pipeline = pipeline;
    this.user = user;
    this.#guarded = guarded;
    this.#topics = topics;
  }

  /** Starts a process of the service; it is not ready yet. */
  async launch(name: ServiceName): Promise<PipelineProcess> {
    this.#configure(name.replace('sink-', '') as Principal);
    return this.pipeline.launch(name, this.#storeLogin(name));
  }

  /** A sluice.yaml for the command. */
  async commandFile(): Promise<string> {
    this.#configure('command');
    return (await this.pipeline.writeConfig('command')).configFile;
  }

  /** The same, with the accounts of all sinks. @param bare servers to which no client certificate is shown */
  async doctorFile(bare: readonly string[] = []): Promise<string> {
    const file = await this.commandFile();
    const config = JSON.parse(await readFile(file, 'utf8')) as Record<string, Section>;
    const logins = SINK_NAMES.map((name): [string, Section] => [
      name,
      { ...(config['sinks']?.[name] as Section), ...this.#storeLogin(`sink-${name}`) },
    ]);
    const sections: Record<string, Section> = { ...config, sinks: Object.fromEntries(logins) };
    const { certFile: _cert, keyFile: _key, ...tls } = this.#servers.tls;
    for (const name of bare) {
      const place = (name in sections ? sections[name] : sections['sinks']?.[name]) as { tls: object };
      place.tls = tls;
    }
    const copy = `${file}.${['doctor', ...bare].join('-')}.yaml`;
    await writeFile(copy, JSON.stringify(sections));
    return copy;
  }

  /**
   * Gives a new password to each account, as it is done while services run: the servers that can take both for a while; after it, no
   * server takes the old one, and those of connections that stay open, but for Kafka's, are killed.
   */
  async changePasswords(scope: Scope, password: string): Promise<void> {
    const { target, redis, elasticsearch } = this.pipeline.stores;
    const twice = `${this.#identified(password)} RETAIN CURRENT PASSWORD`;
    await this.pipeline.database.run(twice);
    await target.query(twice);
    await redis.call('ACL', 'SETUSER', 'sluice', `>${password}`);
    await writeFile(this.#passwordFile, `${password}\n`);
    scope.defer(() => this.#guarded.setKafkaPassword(PASSWORD));
    await this.#guarded.setKafkaPassword(password);
    await setElasticsearchPassword(elasticsearch, password);
    await redis.call('ACL', 'SETUSER', 'sluice', `<${PASSWORD}`);
    const once = `ALTER USER '${this.user}'@'%' DISCARD OLD PASSWORD`;
    await this.pipeline.database.run(once);
    await target.query(once);
    await this.#endSessions();
  }

  /**
   * The same by an operator who has no way for both: the servers take the new password alone, and the file gets it late.
   * @param meanwhile between the two
   */
  async changeServersFirst(password: string, meanwhile: () => Promise<void>): Promise<void> {
    const { target, redis, elasticsearch } = this.pipeline.stores;
    await this.pipeline.database.run(this.#identified(password));
    await target.query(this.#identified(password));
    await redis.call('ACL', 'SETUSER', 'sluice', 'resetpass', `>${password}`);
    await this.#guarded.setKafkaPassword(password);
    await setElasticsearchPassword(elasticsearch, password);
    await this.#endSessions();
    await meanwhile();
    await writeFile(this.#passwordFile, `${password}\n`);
  }

  /** Gives the rights that `infra` has for rebuilds of these sinks alone. */
  async allowRebuilds(sinks: readonly string[]): Promise<void> {
    const { stores, database, name, admin } = this.pipeline;
    const { targetDatabase, stateDatabase } = stores;
    const names = {
      "'sluice'": this.user,
      '`shop`': targetDatabase,
      '`shop_rebuild`': `${targetDatabase}_rebuild`,
      '`shop_replaced`': `${targetDatabase}_replaced`,
      '`sluice_rebuild_mysql`': `${stateDatabase}_rebuild_mysql`,
    };
    for (const statement of await shippedStatements('target/rebuild-rights.sql', names))
      await stores.target.query(statement);
    const role = await shippedRole(`${name}-`, database.name, 'role-rebuild.json');
    await addElasticsearchRole(stores.elasticsearch, REBUILD_ROLE, role);
    await admin.createAcls({ acl: await shippedKafkaRules(name, database.name, sinks) });
  }

  #identified(password: string): string {
    return `ALTER USER '${this.user}'@'%' IDENTIFIED BY '${password}'`;
  }

  /** But for Kafka's, which no order ends. */
  async #endSessions(): Promise<void> {
    const { target, redis } = this.pipeline.stores;
    await redis.call('CLIENT', 'KILL', 'USER', 'sluice');
    const sessions = `SELECT ID AS id FROM information_schema.PROCESSLIST WHERE USER = '${this.user}'`;
    for (const { id } of await this.pipeline.database.rows(sessions))
      await this.pipeline.database.run(`KILL ${String(id)}`).catch(unlessEnded);
    const [rows] = await target.query<RowDataPacket[]>(sessions);
    for (const { id } of rows) await target.query(`KILL ${String(id)}`).catch(unlessEnded);
  }

  get #password(): string {
    return `\${file:${this.#passwordFile}}`;
  }

  #configure(principal: Principal): void {
    const { tls } = this.#servers;
    const sasl = { mechanism: 'scram-sha-512', username: `sluice-${principal}`, password: this.#password };
    this.pipeline.configure({
      source: { user: this.user, password: this.#password, tls },
      kafka: { brokers: this.#guarded.brokers, sasl, tls },
      topics: { prefix: this.pipeline.name, partitions: 2, ...this.#topics },
    });
  }

  #storeLogin(name: ServiceName): Section {
    const { tls } = this.#servers;
    const password = this.#password;
    if (name === 'sink-mysql') return { user: this.user, password, tls };
    if (name === 'sink-elasticsearch')
      return { node: this.#guarded.elasticsearch, auth: { username: 'sluice', password }, tls };
    return name === 'sink-redis' ? { url: this.#guarded.redis, password, tls } : {};
  }
}

/** The account of capture, with the rights of `infra/mysql/source` on this database. */
export async function makeCaptureAccount(
  scope: Scope,
  database: SourceDatabase,
  user: string,
): Promise<void> {
  await database.run(`CREATE USER '${user}'@'%' IDENTIFIED BY '${PASSWORD}'`);
  scope.defer(() => database.run(`DROP USER '${user}'@'%'`));
  const names = { "'sluice'": user, '`shop`': database.name };
  await database.run(...(await shippedStatements('source/10-capture-account.sql', names)));
}

/** Its own connection in the end: the one of the stores is closed by then. */
async function makeSinkAccount(
  scope: Scope,
  { targetMysql }: StoreServers,
  { stores }: SinkPipeline,
  user: string,
): Promise<void> {
  await stores.target.query(`CREATE USER '${user}'@'%' IDENTIFIED BY '${PASSWORD}'`);
  scope.defer(async () => {
    const last = await connect({ ...targetMysql, connectTimeoutMs: 10_000 });
    await last.query(`DROP USER '${user}'@'%'`);
    await last.end();
  });
  const names = { "'sluice'": user, '`sluice`': stores.stateDatabase, '`shop`': stores.targetDatabase };
  for (const statement of await shippedStatements('target/10-sink-account.sql', names))
    await stores.target.query(statement);
}

/** A session that has ended by itself since the list was made (ER_NO_SUCH_THREAD) is no failure. */
function unlessEnded(error: unknown): void {
  if (!(error instanceof Error && 'errno' in error && error.errno === NO_SUCH_THREAD)) throw error;
}
