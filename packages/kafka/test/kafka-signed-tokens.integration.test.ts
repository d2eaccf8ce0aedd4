import { generateKeyPairSync, sign, type KeyObject } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ADDRESS_VARIABLES, freePorts, startStack } from '@sluice/local-stack';
import type { KafkaConfig } from '@sluice/runtime';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { TopicReader } from '../src/index.ts';
import { toPipelineError } from '../src/errors.ts';
import { NEVER } from './support/broker.ts';
import { administering, configOf } from './support/logins.ts';

/**
 * Access tokens as an OAuth server gives them (RFC 9068: JWT signed by RS256), to a broker that verifies signature, issuer, audience and
 * expiry by the server's published keys (Kafka's OAuthBearerValidatorCallbackHandler, KIP-768).
 */

const ISSUER = 'https://login.example.test';
const AUDIENCE = 'kafka';
const folder = await mkdtemp(join(tmpdir(), 'sluice-signed-tokens-'));
const known = generateKeyPairSync('rsa', { modulusLength: 2048 });
const stranger = generateKeyPairSync('rsa', { modulusLength: 2048 });
const keysFile = join(folder, 'jwks.json');
const jwk = { ...known.publicKey.export({ format: 'jwk' }), kid: 'one', use: 'sig', alg: 'RS256' };
await writeFile(keysFile, JSON.stringify({ keys: [jwk] }));
const keys = pathToFileURL(keysFile).href;

const [port = 0] = await freePorts(1);
const bearer = 'listener.name.login.oauthbearer.sasl';
const classes = 'org.apache.kafka.common.security.oauthbearer';
const { [ADDRESS_VARIABLES.kafka]: _shared, ...env } = process.env;
const stack = await startStack({
  servers: ['kafka'],
  flags: {
    kafka: [
      // Kafka 4 reads keys only from where its command line allows.
      `-Dorg.apache.kafka.sasl.oauthbearer.allowed.urls=${keys}`,
      `listeners=PLAINTEXT://127.0.0.1:{port},LOGIN://127.0.0.1:${port},CONTROLLER://127.0.0.1:{innerPort}`,
      `advertised.listeners=PLAINTEXT://127.0.0.1:{port},LOGIN://127.0.0.1:${port}`,
      'listener.security.protocol.map=PLAINTEXT:PLAINTEXT,LOGIN:SASL_PLAINTEXT,CONTROLLER:PLAINTEXT',
      'listener.name.login.sasl.enabled.mechanisms=OAUTHBEARER',
      `${bearer}.jaas.config=${classes}.OAuthBearerLoginModule required;`,
      `${bearer}.server.callback.handler.class=${classes}.OAuthBearerValidatorCallbackHandler`,
      `listener.name.login.sasl.oauthbearer.jwks.endpoint.url=${keys}`,
      `listener.name.login.sasl.oauthbearer.expected.issuer=${ISSUER}`,
      `listener.name.login.sasl.oauthbearer.expected.audience=${AUDIENCE}`,
    ],
  },
  env,
});

/** What the OAuth server gives next. */
let token = '';
const server = createServer((_, response) => {
  const given = { access_token: token, token_type: 'Bearer', expires_in: 60 };
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(given));
});
let kafka: KafkaConfig;

beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/token`;
  const sasl = { mechanism: 'oauthbearer', oauth: { url, clientId: 'sluice', clientSecret: 'secret' } };
  kafka = configOf(port, { sasl });
});
afterAll(async () => {
  server.close();
  await stack.stop();
  await rm(folder, { recursive: true });
});

interface Claims {
  readonly iss?: string;
  readonly aud?: string;
  /** Seconds from now. */
  readonly expiresIn?: number;
}

function signed(
  { iss = ISSUER, aud = AUDIENCE, expiresIn = 60 }: Claims = {},
  key: KeyObject = known.privateKey,
): string {
  const now = Math.floor(Date.now() / 1000);
  const claims = { iss, aud, sub: 'sluice', scope: 'kafka', iat: now - 600, exp: now + expiresIn };
  const text = [{ alg: 'RS256', typ: 'at+jwt', kid: 'one' }, claims]
    .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
    .join('.');
  return `${text}.${sign('RSA-SHA256', Buffer.from(text), key).toString('base64url')}`;
}

async function read(): Promise<void> {
  const reader = new TopicReader({ kafka, signal: NEVER, recoveryMs: 5_000 });
  try {
    await reader.topicNames();
  } finally {
    reader.close();
  }
}

/** By both client libraries. */
const WAYS = [
  ['reading', read],
  ['administering', () => administering(kafka)],
] as const;

test.each(WAYS)('%s: a token that the OAuth server has signed is taken', async (_, way) => {
  token = signed();
  await way();
});

test.each(
  WAYS.flatMap(([name, way]) =>
    [
      ['signed by another key', () => signed({}, stranger.privateKey)],
      ['of another issuer', () => signed({ iss: 'https://other.example.test' })],
      ['for another audience', () => signed({ aud: 'other' })],
      ['that has expired', () => signed({ expiresIn: -300 })],
      ['changed after it was signed', () => changed(signed())],
    ].map(([what, make]) => [name, what, way, make] as const),
  ) as readonly (readonly [string, string, () => Promise<void>, () => string])[],
)('%s: a token %s is refused, and not told', async (_, _what, way, make) => {
  token = make();
  const error: unknown = await way().catch((caught: unknown) => caught);
  const known = toPipelineError(error, 'test');
  expect(known.code).toBe('KAFKA_AUTH_FAILED');
  expect(known.message).not.toContain(token.split('.')[1]);
});

/** The same signature over other claims. */
function changed(text: string): string {
  const [head = '', body = '', signature = ''] = text.split('.');
  const claims = JSON.parse(Buffer.from(body, 'base64url').toString()) as Record<string, unknown>;
  const other = Buffer.from(JSON.stringify({ ...claims, sub: 'admin' })).toString('base64url');
  return [head, other, signature].join('.');
}
