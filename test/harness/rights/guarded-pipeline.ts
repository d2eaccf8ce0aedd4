import { connect } from '@sluice/mysql';
import { uniqueName, type Scope } from '../scope.ts';
import { SinkPipeline, type PipelineProcess, type ServiceName } from '../sink-pipeline.ts';
import type { StoreServers } from '../sink-stores.ts';
import type { SourceDatabase } from '../source-database.ts';
import { PASSWORD, type GuardedStack, type Principal } from './guarded-stack.ts';
import { shippedStatements } from './shipped-rules.ts';

type Section = Readonly<Record<string, unknown>>;

/** A pipeline whose services log in everywhere, each with the account that `infra` has for it. */
export class GuardedPipeline {
  readonly pipeline: SinkPipeline;
  /** The name of the accounts of source and target. */
  readonly user: string;
  readonly #guarded: GuardedStack;
  readonly #topics: Section;

  /** @param topics settings of the section */
  static async create(
    scope: Scope,
    guarded: GuardedStack,
    database: SourceDatabase,
    topics: Section = {},
  ): Promise<GuardedPipeline> {
    const user = uniqueName('least').slice(0, 30);
    await makeCaptureAccount(scope, database, user);
    const pipeline = await SinkPipeline.create(scope, { stack: guarded.stack, database });
    await makeSinkAccount(scope, guarded.stack, pipeline, user);
    return new GuardedPipeline(pipeline, user, guarded, topics);
  }

  private constructor(pipeline: SinkPipeline, user: string, guarded: GuardedStack, topics: Section) {
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

  #configure(principal: Principal): void {
    const sasl = { mechanism: 'plain', username: `sluice-${principal}`, password: PASSWORD };
    this.pipeline.configure({
      source: { user: this.user, password: PASSWORD },
      kafka: { brokers: this.#guarded.brokers, sasl },
      topics: { prefix: this.pipeline.name, partitions: 2, ...this.#topics },
    });
  }

  #storeLogin(name: ServiceName): Section {
    if (name === 'sink-mysql') return { user: this.user, password: PASSWORD };
    if (name === 'sink-elasticsearch')
      return { node: this.#guarded.elasticsearch, auth: { username: 'sluice', password: PASSWORD } };
    const { url } = this.#guarded.stack.redis;
    return name === 'sink-redis' ? { url: url.replace('://', `://sluice:${PASSWORD}@`) } : {};
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
