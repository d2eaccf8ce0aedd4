import { tableId, tablePattern } from '@sluice/envelope';
import {
  MYSQL_WITHOUT_TLS,
  opsSchemaFor,
  PipelineError,
  READ_ANEW,
  secretText,
  tlsSchema,
} from '@sluice/runtime';
import { sinkBaseSchema, type StoreSpots } from '@sluice/sink-kit';
import { z } from 'zod';
import { CODES } from './errors.ts';

const databaseName = z.string().min(1).max(64);
/** What servers keep for themselves, in lower case: names of databases have none on some (`lower_case_table_names`). */
const OF_SERVERS: ReadonlySet<string> = new Set(['mysql', 'sys', 'information_schema', 'performance_schema']);
const ownDatabase = databaseName.refine((name) => !OF_SERVERS.has(name.toLowerCase()), {
  message: 'is a database of the server itself',
});

/** Section of a sink of type `mysql` in sluice.yaml. */
export const mysqlSinkSchema = z.strictObject({
  ...sinkBaseSchema.shape,
  ops: opsSchemaFor('mysql').prefault({}),
  host: z.string().min(1).meta({ description: 'Host of the target server, MySQL or MariaDB.' }),
  port: z.int().min(1).max(65535).default(3306).meta({ description: 'Port of the target server.' }),
  user: z
    .string()
    .min(1)
    .meta({ description: 'User with rights on the target databases and `stateDatabase`.' }),
  password: secretText(`Password of the user. ${READ_ANEW}`).default(''),
  tls: tlsSchema(MYSQL_WITHOUT_TLS),
  databases: z.record(databaseName, ownDatabase).default({}).meta({
    description: 'Source database: target database. One that is not named keeps its name.',
  }),
  stateDatabase: ownDatabase.default('sluice').meta({
    description:
      'Database on the target server for offsets, tombstones and floors; made at start if missing.',
  }),
  connections: z.int().min(1).max(64).default(4).meta({
    description: 'Most connections to the target server, hence transactions at the same time.',
  }),
  connectTimeoutMs: z.int().min(100).max(120_000).default(10_000).meta({
    description: 'Milliseconds until an unanswered connection attempt fails.',
  }),
  transactionTimeoutMs: z.int().min(1000).max(600_000).default(30_000).meta({
    description: 'Longest time for one transaction, in milliseconds; then its connection is given up.',
  }),
});

export type MysqlSinkConfig = z.output<typeof mysqlSinkSchema>;

type Databases = Pick<MysqlSinkConfig, 'databases' | 'stateDatabase'>;

/** Where the copies of a source database would be. */
export function mappedDatabase({ databases }: Pick<Databases, 'databases'>, source: string): string {
  return (Object.hasOwn(databases, source) ? databases[source] : undefined) ?? source;
}

/**
 * As `mappedDatabase`. Throws TARGET_TABLE_REFUSED for a database of the server or of the sink itself: a topic may be called anything, and
 * whoever can write to it would give orders there.
 */
export function targetDatabase(config: Databases, source: string): string {
  const target = mappedDatabase(config, source);
  if (!OF_SERVERS.has(target.toLowerCase()) && target !== config.stateDatabase) return target;
  throw new PipelineError(
    CODES.TARGET_TABLE_REFUSED,
    `rows of database ${source} would go into ${target}, which ${target === config.stateDatabase ? 'is the stateDatabase of the sink' : 'belongs to the server'}: name another one for it under databases of the sink`,
  );
}

/**
 * The tables on the target server, and what the state database keeps by topic: floors, deletes, schemas. Names are compared without
 * their case: some servers do.
 */
export const storeSpots: StoreSpots<MysqlSinkConfig> = (config, { database, table }, { sharesTopics }) => {
  const { host, port, databases, stateDatabase } = config;
  const server = `${host.toLowerCase()}:${port}`;
  const fits = tablePattern(tableId(database, '*'));
  const mapped = Object.entries(databases).flatMap(([source, target]) => (fits(source, '') ? target : []));
  const isNamed = Object.hasOwn(databases, database);
  const targets = new Set(isNamed ? mapped : [...mapped, database]);
  return [
    ...[...targets].map((target) => ({
      server,
      name: `${target}.${table}`.toLowerCase(),
      setting: 'databases',
    })),
    {
      server,
      name: `${stateDatabase.toLowerCase()} for ${sharesTopics ? '*' : `${database}.${table}`}`,
      setting: 'stateDatabase',
    },
  ];
};
