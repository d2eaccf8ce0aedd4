import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { ADDRESS_VARIABLES, makeCertificates, startStack, type Stack } from '@sluice/local-stack';
import { createLogger, type ClientTls, type PipelineError } from '@sluice/runtime';
import { afterAll, expect, test } from 'vitest';
import { elasticsearchSchema } from '../src/config.ts';
import { ElasticsearchSink } from '../src/elasticsearch-sink.ts';

/** A real Elasticsearch that takes TLS with a certificate of the client alone. */

const folder = await mkdtemp(join(tmpdir(), 'sluice-elasticsearch-tls-'));
const files = makeCertificates(folder);
const { [ADDRESS_VARIABLES.elasticsearch]: _shared, ...env } = process.env;
const stacks: Stack[] = [];
afterAll(async () => {
  for (const stack of stacks) await stack.stop();
  await rm(folder, { recursive: true });
});

/** With this certificate. Whoever shows one may do everything: who that is, is asked elsewhere. */
async function nodeWith({ cert, key }: { readonly cert: string; readonly key: string }): Promise<Stack> {
  const ssl = {
    enabled: 'true',
    certificate: basename(cert),
    key: basename(key),
    certificate_authorities: basename(files.ca),
    client_authentication: 'required',
  };
  const stack = await startStack({
    servers: ['elasticsearch'],
    flags: {
      elasticsearch: [
        'xpack.security.enabled=true',
        'xpack.security.transport.ssl.enabled=false',
        'xpack.security.authc.anonymous.roles=superuser',
        ...Object.entries(ssl).map(([name, value]) => `xpack.security.http.ssl.${name}=${value}`),
        ...[cert, key, files.ca].map((file) => `@${file}`),
      ],
    },
    env,
  });
  stacks.push(stack);
  return stack;
}

const stack = await nodeWith(files.server);
const good: ClientTls = {
  caFile: files.ca,
  certFile: files.client.cert,
  keyFile: files.client.key,
  rejectUnauthorized: true,
};

function sinkOf(tls: ClientTls, { elasticsearch } = stack): ElasticsearchSink {
  const node = elasticsearch.node.replace('http:', 'https:');
  const config = elasticsearchSchema.parse({ node, tls });
  return new ElasticsearchSink(config, {
    section: 'sinks.elasticsearch',
    named: null,
    prefix: 'test',
    sourceTables: [],
    log: createLogger('test', { level: 'silent' }),
  });
}

/** TLS 1.3 tells a client of its certificate after the handshake, and a reset may overtake that: a sink tries again. */
const TRIES = 20;

/** Tries as a sink does while Elasticsearch is away; rejects by the first error of another kind. */
async function tried(tls: ClientTls, at = stack): Promise<void> {
  const sink = sinkOf(tls, at);
  try {
    for (let left = TRIES; ; left--) {
      try {
        return await sink.ping();
      } catch (error) {
        if (left === 0 || (error as PipelineError).code !== 'ELASTICSEARCH_UNAVAILABLE') throw error;
      }
    }
  } finally {
    await sink.close();
  }
}

test('a certificate of the client is shown, over one and the same address by IP or by name', async () => {
  for (const tls of [
    good,
    { ...good, serverName: 'server.test' },
    { ...good, minVersion: 'TLSv1.3' as const },
  ])
    await expect(tried(tls)).resolves.toBeUndefined();
});

const refusals: readonly (readonly [string, ClientTls, string])[] = [
  [
    'a certificate of another authority',
    { ...good, caFile: files.otherCa },
    'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  ],
  ['a certificate with another name', { ...good, serverName: 'other.test' }, 'ERR_TLS_CERT_ALTNAME_INVALID'],
  ['no client certificate', { caFile: files.ca, rejectUnauthorized: true }, 'ERR_SSL_'],
  [
    'an expired client certificate',
    { ...good, certFile: files.expired.cert, keyFile: files.expired.key },
    'ERR_SSL_',
  ],
];

test.each(refusals)('%s is no outage', async (_, tls, reason) => {
  await expect(tried(tls)).rejects.toMatchObject({
    code: 'ELASTICSEARCH_TLS_FAILED',
    errorClass: 'fatal',
    message: expect.stringContaining(reason) as string,
  });
});

test('an expired certificate of the server is no outage', async () => {
  await expect(tried(good, await nodeWith(files.expired))).rejects.toMatchObject({
    code: 'ELASTICSEARCH_TLS_FAILED',
    message: expect.stringContaining('CERT_HAS_EXPIRED') as string,
  });
});

test('a server that is killed is an outage', async () => {
  const sink = sinkOf(good);
  await sink.ping();
  await stack.kill('elasticsearch');
  for (let again = 0; again < 2; again++)
    await expect(sink.ping()).rejects.toMatchObject({ code: 'ELASTICSEARCH_UNAVAILABLE' });
  await sink.close();
});
