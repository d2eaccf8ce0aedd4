import { tableId, tableIdOf, tablePattern, type TableName } from '@sluice/envelope';
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
import { nameProblems } from './name-problems.ts';
import { lengthOf, NAME_MAX, nameBy, PLAIN_TEMPLATE, tableTemplateSchema } from './table-template.ts';

const databaseName = z.string().min(1).max(64);
/** What servers keep for themselves, in lower case: names of databases have none on some (`lower_case_table_names`). */
const OF_SERVERS: ReadonlySet<string> = new Set(['mysql', 'sys', 'information_schema', 'performance_schema']);
const ownDatabase = databaseName.refine((name) => !OF_SERVERS.has(name.toLowerCase()), {
  message: 'is a database of the server itself',
});

const sectionSchema = z.strictObject({
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
  tableTemplate: tableTemplateSchema.default(PLAIN_TEMPLATE).meta({
    description:
      'Names of the target tables, with `{table}` and, where source databases share a target database, `{database}`, the one on the source. Another template is another place: the sink pauses the tables that are there until they are renamed.',
    example: '{database}_{table}',
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

/** Section of a sink of type `mysql` in sluice.yaml. */
export const mysqlSinkSchema = sectionSchema.superRefine((section, context) => {
  if (section.tableTemplate === PLAIN_TEMPLATE) return;
  for (const { found, required, fix } of nameProblems(section.tables ?? [], (source) =>
    mappedTable(section, source),
  ))
    context.addIssue({
      code: 'custom',
      path: ['tableTemplate'],
      message: `found ${found}, needs ${required}. Fix: ${fix}`,
    });
});

export type MysqlSinkConfig = z.output<typeof sectionSchema>;

type Databases = Pick<MysqlSinkConfig, 'databases' | 'stateDatabase'>;
/** What the name of a target table is made by. */
export type TargetNames = Databases & Pick<MysqlSinkConfig, 'tableTemplate'>;

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

/** Where the copy of a table would be. */
export function mappedTable(names: Omit<TargetNames, 'stateDatabase'>, source: TableName): TableName {
  return {
    database: mappedDatabase(names, source.database),
    table: nameBy(names.tableTemplate, source),
  };
}

/** As `mappedTable`. Throws as `targetDatabase`, and TARGET_TABLE_REFUSED for a name that no server takes. */
export function targetTable(names: TargetNames, source: TableName): TableName {
  const database = targetDatabase(names, source.database);
  const table = nameBy(names.tableTemplate, source);
  if (names.tableTemplate === PLAIN_TEMPLATE || lengthOf(table) <= NAME_MAX) return { database, table };
  throw new PipelineError(
    CODES.TARGET_TABLE_REFUSED,
    `rows of ${tableIdOf(source)} would go into ${table}, a name of ${lengthOf(table)} characters, and a server takes ${NAME_MAX}: shorten tableTemplate of the sink, or leave the table to another sink (excludeTables)`,
  );
}

/**
 * The tables on the target server, and what the state database keeps by topic: floors, deletes, schemas. Names are compared without
 * their case: some servers do.
 */
export const storeSpots: StoreSpots<MysqlSinkConfig> = (config, { database, table }, { sharesTopics }) => {
  const { host, port, databases, stateDatabase, tableTemplate } = config;
  const server = `${host.toLowerCase()}:${port}`;
  const fits = tablePattern(tableId(database, '*'));
  const mapped = Object.entries(databases).filter(([source]) => fits(source, ''));
  const isNamed = Object.hasOwn(databases, database);
  const places = isNamed ? mapped : [...mapped, [database, database] as const];
  const names = places.map(([source, target]) =>
    `${target}.${nameBy(tableTemplate, { database: source, table })}`.toLowerCase(),
  );
  return [
    ...[...new Set(names)].map((name) => ({ server, name, setting: 'databases' })),
    {
      server,
      name: `${stateDatabase.toLowerCase()} for ${sharesTopics ? '*' : `${database}.${table}`}`,
      setting: 'stateDatabase',
    },
  ];
};
