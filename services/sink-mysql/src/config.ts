import { opsSchemaFor, serverTlsSchema } from '@sluice/runtime';
import { sinkBaseSchema } from '@sluice/sink-kit';
import { z } from 'zod';

const databaseName = z.string().min(1).max(64);

/** The section `sinks.mysql` of sluice.yaml. */
export const mysqlSinkSchema = z.strictObject({
  ...sinkBaseSchema.shape,
  ops: opsSchemaFor('mysql').prefault({}),
  host: z.string().min(1).meta({ description: 'Host of the target server, MySQL or MariaDB.' }),
  port: z.int().min(1).max(65535).default(3306).meta({ description: 'Port of the target server.' }),
  user: z
    .string()
    .min(1)
    .meta({ description: 'User with rights on the target databases and `stateDatabase`.' }),
  password: z.string().default('').meta({ description: 'Password of the user.', secret: true }),
  tls: serverTlsSchema.optional(),
  databases: z.record(databaseName, databaseName).default({}).meta({
    description: 'Source database: target database. One that is not named keeps its name.',
  }),
  stateDatabase: databaseName.default('sluice').meta({
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

export function targetDatabase(config: Pick<MysqlSinkConfig, 'databases'>, source: string): string {
  return (Object.hasOwn(config.databases, source) ? config.databases[source] : undefined) ?? source;
}
