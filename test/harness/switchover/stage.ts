import { writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { MysqlServer } from '@sluice/local-stack';
import { ReplicatedSource, type Flavour } from '../histories/replica.ts';
import { CapturePipeline } from '../pipelines/capture-pipeline.ts';
import { SourceDatabase } from '../pipelines/source-database.ts';
import type { ServiceProcess } from '../processes/service-process.ts';
import { sluice, type CommandEnd } from '../processes/sluice-command.ts';
import type { Scope } from '../scope.ts';
import { SwitchingWriter } from '../workloads/switching-writer.ts';

/** The default of MySQL. */
const LOGS_WHAT_IT_REPLICATES: Readonly<Record<Flavour, readonly string[]>> = {
  mysql: [],
  mariadb: ['--log-slave-updates=ON'],
};
const LOGIN = { user: 'app', password: 'secret' };
/** What a switchover asks of an account, and the part without which it may set nothing read-only. */
const RIGHTS: Readonly<
  Record<Flavour, { readonly sees: string; readonly resets: string; readonly sets: string }>
> = {
  mysql: {
    sees: 'REPLICATION CLIENT, REPLICATION_SLAVE_ADMIN',
    resets: 'RELOAD',
    sets: 'SYSTEM_VARIABLES_ADMIN, CONNECTION_ADMIN',
  },
  mariadb: {
    sees: 'BINLOG MONITOR, SLAVE MONITOR, REPLICATION SLAVE ADMIN',
    resets: 'RELOAD',
    sets: 'READ_ONLY ADMIN',
  },
};

/** A source, its replica, a capture that may read both, and an application that writes. */
export interface SwitchoverStage {
  readonly flavour: Flavour;
  readonly servers: ReplicatedSource;
  readonly database: SourceDatabase;
  readonly pipeline: CapturePipeline;
  readonly capture: ServiceProcess;
  readonly writer: SwitchingWriter;
  readonly rights: (typeof RIGHTS)[Flavour];
  /** `host:port` of the server that was the replica in the beginning. */
  readonly to: string;
  readonly from: string;
  /** `sluice source switchover --to` the replica, with what follows. */
  readonly switchover: (...args: readonly string[]) => Promise<CommandEnd>;
  /** The same by an account of its own, for `--user`. */
  readonly asUser: (name: string) => Promise<readonly string[]>;
}

export async function switchoverStage(
  scope: Scope,
  flavour: Flavour,
  brokers: readonly string[],
): Promise<SwitchoverStage> {
  const servers = await ReplicatedSource.start(scope, flavour, LOGS_WHAT_IT_REPLICATES[flavour]);
  const { source, replica } = servers;
  const database = await SourceDatabase.create(scope, source, 'switched');
  // The database is dropped where it was made, and MySQL's administrators too are refused there by then.
  scope.defer(async () => void (await servers.on('source', 'SET GLOBAL read_only = OFF')));
  await database.run(
    'CREATE TABLE item (id INT NOT NULL PRIMARY KEY)',
    `CREATE USER ${LOGIN.user} IDENTIFIED BY '${LOGIN.password}'`,
    `GRANT SELECT, INSERT ON ${database.name}.* TO ${LOGIN.user}`,
  );
  await servers.caughtUp();
  const hosts = [source, replica].map(({ host, port }) => ({ host, port }));
  const pipeline = await CapturePipeline.create(scope, {
    brokers,
    database,
    sections: { source: { host: undefined, port: undefined, hosts } },
  });
  const capture = await pipeline.start();
  await pipeline.snapshotDone(capture, ['item']);
  const writer = await SwitchingWriter.start(scope, [source, replica], `${database.name}.item`, LOGIN);
  const to = addressOf(replica);
  const asUser = async (user: string): Promise<readonly string[]> => {
    const file = join(dirname(pipeline.configFile), 'password.txt');
    await writeFile(file, LOGIN.password);
    return ['--user', user, '--password-file', file];
  };
  return {
    flavour,
    servers,
    database,
    pipeline,
    capture,
    writer,
    rights: RIGHTS[flavour],
    to,
    from: addressOf(source),
    switchover: (...args) =>
      sluice(pipeline.configFile, 'source switchover', '--to', to, '--by', 'ops', ...args),
    asUser,
  };
}

/** Makes an account on both servers. */
export async function makeAccount(
  { servers }: Pick<SwitchoverStage, 'servers'>,
  name: string,
  rights: readonly string[],
): Promise<void> {
  await servers.on('source', `CREATE USER ${name} IDENTIFIED BY '${LOGIN.password}'`);
  await servers.on('source', `GRANT ${rights.join(', ')} ON *.* TO ${name}`);
  await servers.caughtUp();
}

/** Runs statements on the replica that no other server gets. */
export async function onReplicaAlone(
  servers: ReplicatedSource,
  ...statements: readonly string[]
): Promise<void> {
  await servers.on('replica', 'SET SESSION sql_log_bin = 0');
  for (const statement of statements) await servers.on('replica', statement);
  await servers.on('replica', 'SET SESSION sql_log_bin = 1');
}

function addressOf({ host, port }: MysqlServer): string {
  return `${host}:${port}`;
}
