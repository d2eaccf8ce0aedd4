import type { ClientOptions } from '@elastic/elasticsearch';
import { parseTableId, tableId, tablePattern } from '@sluice/envelope';
import { isLoopback, opsSchemaFor, READ_ANEW, readClientTls, secretText, tlsSchema } from '@sluice/runtime';
import { oneTableSchema, sinkBaseSchema, type StoreSpots } from '@sluice/sink-kit';
import { z } from 'zod';
import { connectionFor } from './elasticsearch-connection.ts';
import { indexProblems, OWN_NAME, RESERVED_NAME } from './table-index.ts';

const secret = secretText(READ_ANEW, z.string().min(1));

const authSchema = z.union([
  z.strictObject({ username: z.string().min(1), password: secret }),
  z.strictObject({ apiKey: secret }),
]);

const tableIdSchema = oneTableSchema('by wildcards several would have one index');

const indexSchema = z
  .strictObject({
    name: z
      .string()
      .regex(
        OWN_NAME,
        'may hold lower-case letters, digits, `_` and `-`, and begins with a letter or digit; a dot is in the names of indexes that are named by their tables',
      )
      .refine((name) => !RESERVED_NAME.test(name), {
        message: 'must not begin with rebuild- or end with sluice-state, as indexes of the sink itself do',
      })
      .meta({
        description: 'Name of the index, behind `indexPrefix`; its readers use the alias `<name>.live`.',
        example: 'catalogue',
      }),
  })
  .meta({ description: 'The index of this table.' });

/** Section of a sink of type `elasticsearch` in sluice.yaml. */
export const elasticsearchSchema = z
  .strictObject({
    ...sinkBaseSchema.shape,
    ops: opsSchemaFor('elasticsearch').prefault({}),
    node: z.url().default('http://127.0.0.1:9200').meta({ description: 'Address of the cluster.' }),
    auth: authSchema.optional().meta({ description: '`username` and `password`, or `apiKey`.' }),
    tls: tlsSchema('With `https://` in `node`; default there: `{}`.'),
    indexPrefix: z
      .string()
      .regex(/^([a-z0-9][a-z0-9._-]*)?$/, 'may hold lower-case letters, digits, `.`, `_`, `-`')
      .default('')
      .meta({ description: 'Put before every index name, `<database>.<table>` or that of `indexes`.' }),
    indexes: z.record(tableIdSchema, indexSchema).default({}).meta({
      description:
        'Indexes of single tables, by `database.table`, without wildcards. A changed name is another place: the sink pauses the table until its index of before is deleted.',
    }),
    shards: z.int().min(1).max(1024).default(1).meta({ description: 'Primary shards of a new index.' }),
    replicas: z.int().min(0).max(10).default(0).meta({ description: 'Replicas of a new index.' }),
    requestTimeoutMs: z
      .int()
      .min(1000)
      .max(120_000)
      .default(20_000)
      .meta({ description: 'Longest wait for one answer, in milliseconds.' }),
  })
  .superRefine((section, context) => {
    const { node, auth, tls } = section;
    const refuse = (path: string, message: string): void =>
      context.addIssue({ code: 'custom', path: [path], message });
    for (const { path, message } of indexProblems(section))
      context.addIssue({ code: 'custom', path: [...path], message });
    const { protocol, hostname, password } = new URL(node);
    const isEncrypted = protocol === 'https:';
    if (isEncrypted && tls === 'off') refuse('tls', 'https:// asks for TLS: remove it, or write http://');
    if (!isEncrypted && tls !== undefined && tls !== 'off')
      refuse('tls', 'http:// does not encrypt: write https:// in node, or remove tls');
    if (!isEncrypted && tls !== 'off' && (auth !== undefined || password !== '') && !isLoopback(hostname))
      refuse('node', 'would send the login in clear: write https://, or tls: off where nobody listens');
  });

export type ElasticsearchConfig = z.output<typeof elasticsearchSchema>;

/** The index of a table in the cluster; of a pattern, also those of tables that have a name of their own. */
export const storeSpots: StoreSpots<Pick<ElasticsearchConfig, 'node' | 'indexPrefix' | 'indexes'>> = (
  { node, indexPrefix, indexes },
  { database, table },
) => {
  const server = new URL(node).origin;
  const id = tableId(database, table);
  const fits = tablePattern(id);
  const named = Object.entries(indexes).flatMap(([each, { name }]) => {
    const of = parseTableId(each);
    return fits(of.database, of.table) ? [`${indexPrefix}${name}`] : [];
  });
  const isNamed = indexes[id] !== undefined;
  const names = isNamed ? named : [`${indexPrefix}${database}.${table}`.toLowerCase(), ...named];
  return names.map((name) => ({ server, name, setting: 'indexPrefix' }));
};

/** Retry lives in the kit alone, so the client's own is off; a slow answer never holds a partition for ever. */
export function clientOptions(config: ElasticsearchConfig, section: string): ClientOptions {
  return {
    node: config.node,
    maxRetries: 0,
    requestTimeout: config.requestTimeoutMs,
    ...connectionOptions(config, section),
  };
}

/** Login and TLS as the client takes them. `section` is `sinks.<name>`. Throws CONFIG_INVALID when a file cannot be used. */
export function connectionOptions(
  { node, auth, tls }: Pick<ElasticsearchConfig, 'node' | 'auth' | 'tls'>,
  section: string,
): Pick<ClientOptions, 'Connection' | 'tls'> {
  const Connection = connectionFor(auth);
  if (tls === undefined || tls === 'off') return { Connection };
  return { Connection, tls: readClientTls(tls, `${section}.tls`, new URL(node).hostname) };
}
