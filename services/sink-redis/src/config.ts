import {
  isLoopback,
  opsSchemaFor,
  READ_ANEW,
  readClientTls,
  secretText,
  tlsSchema,
  type TlsFiles,
} from '@sluice/runtime';
import { sinkBaseSchema, type StoreSpots } from '@sluice/sink-kit';
import { z } from 'zod';

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
    timeoutMs: z.int().min(100).max(600_000).default(10_000).meta({
      description: 'Milliseconds to wait for the answer to a batch.',
    }),
  })
  .superRefine(({ url, password, tls }, context) => {
    const refuse = (path: string, message: string): void =>
      context.addIssue({ code: 'custom', path: [path], message });
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

/** The keys of a table in a database of the server. */
export const storeSpots: StoreSpots<Pick<RedisConfig, 'url' | 'keyPrefix'>> = (
  { url, keyPrefix },
  { database, table },
) => {
  const { hostname, port, pathname } = new URL(url);
  const server = `${hostname.toLowerCase()}:${port || '6379'}/${pathname.slice(1) || '0'}`;
  return [{ server, name: `${keyPrefix}${database}.${table}`, setting: 'keyPrefix' }];
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
