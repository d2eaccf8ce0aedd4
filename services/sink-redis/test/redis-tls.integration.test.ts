import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ADDRESS_VARIABLES, freePorts, makeCertificates, startStack } from '@sluice/local-stack';
import { createLogger, type ClientTls, type PipelineError } from '@sluice/runtime';
import { Redis } from 'ioredis';
import { afterAll, expect, test } from 'vitest';
import { RedisConnection } from '../src/redis-connection.ts';

/** A real Redis that takes TLS with a certificate of the client alone. */

const folder = await mkdtemp(join(tmpdir(), 'sluice-redis-tls-'));
const files = makeCertificates(folder);
const [tlsPort = 0] = await freePorts(1);
const { [ADDRESS_VARIABLES.redis]: _shared, ...env } = process.env;
const flags = {
  'tls-port': tlsPort,
  'tls-ca-cert-file': files.ca,
  'tls-cert-file': files.server.cert,
  'tls-key-file': files.server.key,
  'tls-auth-clients': 'yes',
};
const stack = await startStack({
  servers: ['redis'],
  flags: { redis: Object.entries(flags).flatMap(([name, value]) => [`--${name}`, String(value)]) },
  env,
});
afterAll(async () => {
  await stack.stop();
  await rm(folder, { recursive: true });
});

const good: ClientTls = {
  caFile: files.ca,
  certFile: files.client.cert,
  keyFile: files.client.key,
  rejectUnauthorized: true,
};

/** TLS 1.3 tells a client of its certificate after the handshake, and a reset may overtake that: a sink tries again. */
const TRIES = 20;

/** Tries as a sink does while Redis is away; rejects by the first error of another kind. */
async function tried(tls: ClientTls): Promise<void> {
  for (let left = TRIES; ; left--) {
    try {
      return await pinged(tls);
    } catch (error) {
      if (left === 0 || (error as PipelineError).code !== 'REDIS_UNAVAILABLE') throw error;
    }
  }
}

function configOf(tls: ClientTls): ConstructorParameters<typeof RedisConnection>[0] {
  return {
    url: `rediss://127.0.0.1:${tlsPort}`,
    tls: { minVersion: 'TLSv1.2', ...tls },
    timeoutMs: 5000,
  };
}

async function pinged(tls: ClientTls): Promise<void> {
  const log = createLogger('test', { level: 'silent' });
  const connection = new RedisConnection(configOf(tls), { log, section: 'sinks.redis' }, () => undefined);
  try {
    await connection.open();
    await connection.ping();
  } finally {
    connection.close();
  }
}

test('a certificate of the client is shown, over one and the same address by IP or by name', async () => {
  for (const tls of [
    good,
    { ...good, serverName: 'server.test' },
    { ...good, minVersion: 'TLSv1.3' as const },
  ])
    await expect(pinged(tls)).resolves.toBeUndefined();
});

test.each([
  ['a certificate of another authority', { ...good, caFile: files.otherCa }, 'SELF_SIGNED_CERT_IN_CHAIN'],
  ['a certificate with another name', { ...good, serverName: 'other.test' }, 'ERR_TLS_CERT_ALTNAME_INVALID'],
  ['no client certificate', { caFile: files.ca, rejectUnauthorized: true }, 'CERTIFICATE_REQUIRED'],
  [
    'an expired client certificate',
    { ...good, certFile: files.expired.cert, keyFile: files.expired.key },
    'CERTIFICATE_EXPIRED',
  ],
])('%s is no outage', async (_, tls, reason) => {
  await expect(tried(tls)).rejects.toMatchObject({
    code: 'REDIS_TLS_FAILED',
    errorClass: 'fatal',
    message: expect.stringContaining(reason) as string,
  });
});

test('an expired certificate of the server is no outage', async () => {
  const administrator = new Redis(stack.redis.url);
  const present = async ({ cert, key }: { readonly cert: string; readonly key: string }): Promise<void> => {
    await administrator.call('CONFIG', 'SET', 'tls-cert-file', cert, 'tls-key-file', key);
  };
  await present(files.expired);
  await expect(tried(good)).rejects.toMatchObject({
    code: 'REDIS_TLS_FAILED',
    message: expect.stringContaining('CERT_HAS_EXPIRED') as string,
  });
  await present(files.server);
  await tried(good);
  administrator.disconnect();
});

test('a server that is killed is an outage', async () => {
  const connection = new RedisConnection(
    configOf(good),
    { log: createLogger('test', { level: 'silent' }), section: 'sinks.redis' },
    () => undefined,
  );
  await connection.open();
  await stack.kill('redis');
  await expect(connection.ping()).rejects.toMatchObject({ code: 'REDIS_UNAVAILABLE' });
  // An answer that fails may come before the client has seen the connection close.
  await expect
    .poll(() => connection.open().catch((error: unknown) => error))
    .toMatchObject({ code: 'REDIS_UNAVAILABLE' });
  connection.close();
});
