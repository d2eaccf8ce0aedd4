import { parseTableId, tableId, tablePattern } from '@sluice/envelope';
import {
  isLoopback,
  opsSchemaFor,
  READ_ANEW,
  readClientTls,
  secretText,
  tlsSchema,
  type TlsFiles,
} from '@sluice/runtime';
import { oneTableSchema, sinkBaseSchema, type StoreSpots } from '@sluice/sink-kit';
import { z } from 'zod';
import { rowProblems } from './row-problems.ts';
import { parseKeyTemplate } from './key-template.ts';

/** Ten years: Redis takes no longer life of a key than fits 64 bits in milliseconds. */
export const LIFE_SECONDS_MAX = 3650 * 86_400;

const tableIdSchema = oneTableSchema('by wildcards several would have the same keys');

const rowsSchema = z
  .strictObject({
    keyTemplate: z.string().min(1).max(200).optional().meta({
      description:
        'Keys of the rows behind `keyPrefix`, with each column of the key in braces, once: a word and a colon first, and a colon between two columns. Default: `database.table:` and the values of the key with colons between them.',
      example: 'user:{id}',
    }),
    ttlSeconds: z.int().min(1).max(LIFE_SECONDS_MAX).optional().meta({
      description:
        'Seconds after its last change that a row is removed; each change begins them again. What is removed so comes back with its next change only. Default: rows stay until they are deleted.',
    }),
  })
  .meta({ description: 'How the rows of this table are kept.' });

/** Section of a sink of type `redis` in sluice.yaml. */
export const redisConfigSchema = z
  .strictObject({
    ...sinkBaseSchema.shape,
    ops: opsSchemaFor('redis').prefault({}),
    url: z
      .string()
      .regex(/^rediss?:\/\//, 'must begin with redis:// or rediss://')
      .refine(isAddress, {
        message:
          'must be redis://USER:PASSWORD@HOST:PORT/DATABASE; in user and password write each of : / ? # @ % [ ] as % and its hexadecimal code',
      })
      .default('redis://127.0.0.1:6379')
      .meta({ description: 'Server, user, password and database number; `rediss` for TLS.', secret: true }),
    password: secretText(`Password of the user in \`url\`, which then has none. ${READ_ANEW}`).optional(),
    tls: tlsSchema('With `rediss://` in `url`; default there: `{}`.'),
    format: z.enum(['json', 'hash']).default('json').meta({
      description: '`json`: a row is one string. `hash`: a row is a hash of text fields, a NULL is no field.',
    }),
    keyPrefix: z
      .string()
      .max(200)
      .regex(/^(?!sluice:)/, 'must not begin with sluice:, as the keys of the sink itself do')
      .default('')
      .meta({
        description:
          'Put before every key of a row; with braces, e.g. `{shop}:`, all rows lie in one cluster slot.',
      }),
    rows: z.record(tableIdSchema, rowsSchema).default({}).meta({
      description:
        'How the rows of single tables are kept, by `database.table`, without wildcards. A changed `keyTemplate` is another place: the sink pauses the table until its keys of before are deleted.',
    }),
    timeoutMs: z.int().min(100).max(600_000).default(10_000).meta({
      description: 'Milliseconds to wait for the answer to a batch.',
    }),
  })
  .superRefine((section, context) => {
    const { url, password, tls } = section;
    const refuse = (path: string, message: string): void =>
      context.addIssue({ code: 'custom', path: [path], message });
    for (const { path, message } of rowProblems(section))
      context.addIssue({ code: 'custom', path: [...path], message });
    if (!isAddress(url)) return;
    const isEncrypted = url.startsWith('rediss:');
    const address = URL.parse(url);
    if (password !== undefined && address?.password)
      refuse('password', 'url has one, too: take one of the two away');
    if (isEncrypted && tls === 'off') refuse('tls', 'rediss:// asks for TLS: remove it, or write redis://');
    if (!isEncrypted && tls !== undefined && tls !== 'off')
      refuse('tls', 'redis:// does not encrypt: write rediss:// in url, or remove tls');
    if (
      !isEncrypted &&
      tls !== 'off' &&
      address !== null &&
      (address.password !== '' || password !== undefined) &&
      !isLoopback(address.hostname)
    )
      refuse('url', 'would send the password in clear: write rediss://, or tls: off where nobody listens');
  });

export type RedisConfig = z.output<typeof redisConfigSchema>;

/** The keys of a table in a database of the server; those of templates by themselves, with `*` for each column. */
export const storeSpots: StoreSpots<Pick<RedisConfig, 'url' | 'keyPrefix' | 'rows'>> = (
  { url, keyPrefix, rows },
  { database, table },
) => {
  const { hostname, port, pathname } = new URL(url);
  const server = `${hostname.toLowerCase()}:${port || '6379'}/${pathname.slice(1) || '0'}`;
  const fits = tablePattern(tableId(database, table));
  const templates = Object.entries(rows).flatMap(([id, { keyTemplate }]) => {
    const name = parseTableId(id);
    if (keyTemplate === undefined || !fits(name.database, name.table)) return [];
    return [`${keyPrefix}${parseKeyTemplate(keyTemplate).texts.join('*')}`];
  });
  const isTemplated = rows[tableId(database, table)]?.keyTemplate !== undefined;
  const names = isTemplated ? templates : [`${keyPrefix}${database}.${table}`, ...templates];
  return names.map((name) => ({ server, name, setting: 'keyPrefix' }));
};

/** Whether the client can take it apart, and log in by it. */
function isAddress(url: string): boolean {
  const address = URL.parse(url);
  if (address === null || address.hostname === '' || !/^\/?\d*$/.test(address.pathname)) return false;
  try {
    decodeURIComponent(address.username + address.password);
    return true;
  } catch {
    return false;
  }
}

/** TLS as the client takes it. `section` is `sinks.<name>`. Throws CONFIG_INVALID when a file cannot be used. */
export function clientTls(
  { url, tls }: Pick<RedisConfig, 'url' | 'tls'>,
  section: string,
): { readonly tls?: TlsFiles } {
  if (!url.startsWith('rediss:') || tls === undefined || tls === 'off') return {};
  return { tls: readClientTls(tls, `${section}.tls`, URL.parse(url)?.hostname) };
}
