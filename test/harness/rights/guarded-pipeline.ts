import { readFile, writeFile } from 'node:fs/promises';
import { connect } from '@sluice/mysql';
import { uniqueName, type Scope } from '../scope.ts';
import { SINK_NAMES, SinkPipeline, type PipelineProcess, type ServiceName } from '../sink-pipeline.ts';
import type { StoreServers } from '../sink-stores.ts';
import type { SourceDatabase } from '../source-database.ts';
import { PASSWORD, type CertifiedServers, type GuardedStack, type Principal } from './guarded-stack.ts';
import { shippedStatements } from './shipped-rules.ts';

type Section = Readonly<Record<string, unknown>>;

/** A pipeline whose services log in everywhere by TLS with a client certificate, each by the account that `infra` has for it. */
export class GuardedPipeline {
  readonly pipeline: SinkPipeline;
  /** The name of the accounts of source and target. */
  readonly user: string;
  readonly #servers: CertifiedServers;
  readonly #guarded: GuardedStack;
  readonly #topics: Section;

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
    return new GuardedPipeline(pipeline, user, servers, guarded, topics);
  }

  private constructor(
    pipeline: SinkPipeline,
    user: string,
    servers: CertifiedServers,
    guarded: GuardedStack,
    topics: Section,
  ) {
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

  #configure(principal: Principal): void {
    const { tls } = this.#servers;
    const sasl = { mechanism: 'scram-sha-512', username: `sluice-${principal}`, password: PASSWORD };
    this.pipeline.configure({
      source: { user: this.user, password: PASSWORD, tls },
      kafka: { brokers: this.#guarded.brokers, sasl, tls },
      topics: { prefix: this.pipeline.name, partitions: 2, ...this.#topics },
    });
  }

  #storeLogin(name: ServiceName): Section {
    const { tls } = this.#servers;
    if (name === 'sink-mysql') return { user: this.user, password: PASSWORD, tls };
    if (name === 'sink-elasticsearch')
      return { node: this.#guarded.elasticsearch, auth: { username: 'sluice', password: PASSWORD }, tls };
    return name === 'sink-redis' ? { url: this.#guarded.redis, tls } : {};
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
