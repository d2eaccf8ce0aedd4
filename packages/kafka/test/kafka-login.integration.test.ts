import { pbkdf2Sync, randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { alterUserScramCredentialsV0, Connection, metadataV9, ScramMechanisms } from '@platformatic/kafka';
import { ADDRESS_VARIABLES, freePorts, makeCertificates, startStack } from '@sluice/local-stack';
import type { ClientTls, KafkaConfig } from '@sluice/runtime';
import { afterAll, describe, expect, test } from 'vitest';
import { BrokerConnections } from '../src/broker-connections.ts';
import { toPipelineError } from '../src/errors.ts';
import { administering, configOf } from './support/logins.ts';

/** Logins to a real broker, of both client libraries: TLS, and secrets that change. */

const folder = await mkdtemp(join(tmpdir(), 'sluice-kafka-login-'));
const files = makeCertificates(folder);
const [loginPort = 0, goodPort = 0, expiredPort = 0] = await freePorts(3);
const listeners = { LOGIN: loginPort, GOOD: goodPort, EXPIRED: expiredPort };
const places = Object.entries(listeners)
  .map(([name, port]) => `${name}://127.0.0.1:${port}`)
  .join(',');

async function keystore(
  name: string,
  { cert, key }: { readonly cert: string; readonly key: string },
): Promise<string[]> {
  const pem = join(folder, `${name}-keystore.pem`);
  await writeFile(pem, (await readFile(key, 'utf8')) + (await readFile(cert, 'utf8')));
  const settings = {
    'ssl.keystore.type': 'PEM',
    'ssl.keystore.location': pem,
    'ssl.truststore.type': 'PEM',
    'ssl.truststore.location': files.ca,
    'ssl.client.auth': 'required',
  };
  return Object.entries(settings).map(([setting, value]) => `listener.name.${name}.${setting}=${value}`);
}

const login = 'org.apache.kafka.common.security';
const { [ADDRESS_VARIABLES.kafka]: _shared, ...env } = process.env;
const stack = await startStack({
  servers: ['kafka'],
  flags: {
    kafka: [
      `listeners=PLAINTEXT://127.0.0.1:{port},${places},CONTROLLER://127.0.0.1:{innerPort}`,
      `advertised.listeners=PLAINTEXT://127.0.0.1:{port},${places}`,
      'listener.security.protocol.map=PLAINTEXT:PLAINTEXT,LOGIN:SASL_PLAINTEXT,GOOD:SSL,EXPIRED:SSL,CONTROLLER:PLAINTEXT',
      'listener.name.login.sasl.enabled.mechanisms=SCRAM-SHA-512,SCRAM-SHA-256,OAUTHBEARER',
      `listener.name.login.scram-sha-512.sasl.jaas.config=${login}.scram.ScramLoginModule required;`,
      // Tokens without a signature, which Kafka has for tests.
      `listener.name.login.oauthbearer.sasl.jaas.config=${login}.oauthbearer.OAuthBearerLoginModule required unsecuredLoginStringClaim_sub="broker";`,
      `listener.name.login.scram-sha-256.sasl.jaas.config=${login}.scram.ScramLoginModule required;`,
      'listener.name.login.scram-sha-256.connections.max.reauth.ms=3000',
      ...(await keystore('good', files.server)),
      ...(await keystore('expired', files.expired)),
    ],
  },
  env,
});
afterAll(async () => {
  await stack.stop();
  await rm(folder, { recursive: true });
});

/** As capture publishes, and as everything else is done. */
type Way = (kafka: KafkaConfig) => Promise<unknown>;
const publishing: Way = async (kafka) => {
  const connections = new BrokerConnections(kafka, { connectTimeoutMs: 10_000, requestTimeoutMs: 10_000 });
  try {
    const [host = '', port = ''] = (kafka.brokers[0] ?? '').split(':');
    await metadataV9.api.async(await connections.to({ host, port: Number(port) }), [], false, false);
  } finally {
    connections.destroy();
  }
};
const ways = [
  ['publishing', publishing],
  ['administering', administering],
] as const;

async function codeOf(trying: Promise<unknown>): Promise<string> {
  return trying.then(
    () => 'none',
    (error: unknown) => toPipelineError(error, 'test').code,
  );
}

const good: ClientTls = {
  caFile: files.ca,
  certFile: files.client.cert,
  keyFile: files.client.key,
  rejectUnauthorized: true,
};

test.each([
  ['an expired certificate of the broker', expiredPort, good],
  ['a certificate of another authority', goodPort, { ...good, caFile: files.otherCa }],
  ['a certificate with another name', goodPort, { ...good, serverName: 'other.test' }],
])('%s is refused', async (_name, port, tls) => {
  expect(await codeOf(publishing(configOf(port, { tls })))).toBe('KAFKA_TLS_FAILED');
});

describe.each(ways)('%s', (_, way) => {
  test('a certificate of the client is shown', async () => {
    expect(await codeOf(way(configOf(goodPort, { tls: good })))).toBe('none');
  });

  test('a password is read anew at each connection', async () => {
    const file = join(folder, 'password');
    for (const from of [`\${file:${file}}`, `\${command:cat ${file}}`]) {
      await writeFile(file, 'one\n');
      await setPassword('one');
      // Brokers learn of it a moment later.
      const accepted = async (): Promise<void> => {
        await expect.poll(() => codeOf(way(kafka)), { timeout: 10_000 }).toBe('none');
      };
      const sasl = { mechanism: 'scram-sha-512', username: 'sluice', password: from };
      const kafka = configOf(loginPort, { sasl });
      await accepted();
      await writeFile(file, 'two\n');
      expect(await codeOf(way(kafka))).toBe('SECRET_REFUSED');
      const neverTaken = configOf(loginPort, { sasl });
      expect(await codeOf(way(neverTaken))).toBe('KAFKA_AUTH_FAILED');
      await setPassword('two');
      await accepted();
      await rm(file);
      expect(await codeOf(way(kafka))).toBe('SECRET_UNAVAILABLE');
    }
  });

  test('a token is read anew, and one that has expired is refused', async () => {
    const file = join(folder, 'token');
    await writeFile(file, '');
    for (const from of [`\${file:${file}}`, `\${command:cat ${file}}`]) {
      const kafka = configOf(loginPort, { sasl: { mechanism: 'oauthbearer', token: from } });
      await writeFile(file, `${token(-10)}\n`);
      expect(await codeOf(way(kafka))).toBe('KAFKA_AUTH_FAILED');
      await writeFile(file, `${token(60)}\n`);
      expect(await codeOf(way(kafka))).toBe('none');
      await writeFile(file, 'no token\n');
      expect(await codeOf(way(kafka))).toBe('SECRET_UNAVAILABLE');
    }
  });

  test('a token is asked for at an OAuth server', async () => {
    const asked: unknown[] = [];
    let answer: { readonly status: number; readonly body: string } = { status: 500, body: 'hunter2' };
    const server = createServer((request, response) => {
      void text(request).then((body) => {
        asked.push([request.method, request.url, request.headers.authorization, body]);
        response.writeHead(answer.status, { 'content-type': 'application/json' }).end(answer.body);
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const oauth = {
      url: `http://127.0.0.1:${port}/token`,
      clientId: 'slu ice',
      clientSecret: 'a:b%',
      scope: 'kafka read',
    };
    const kafka = configOf(loginPort, { sasl: { mechanism: 'oauthbearer', oauth } });
    expect(await codeOf(way(kafka))).toBe('SECRET_UNAVAILABLE');
    answer = { status: 401, body: '{"error":"invalid_client","error_description":"hunter2"}' };
    const error: unknown = await way(kafka).catch((caught: unknown) => caught);
    expect(toPipelineError(error, 'test')).toMatchObject({
      code: 'KAFKA_AUTH_FAILED',
      message: expect.stringMatching(/gave no token: status 401 invalid_client$/) as string,
    });
    const given = { access_token: token(60), token_type: 'Bearer', expires_in: 60 };
    answer = { status: 200, body: JSON.stringify(given) };
    asked.length = 0;
    expect(await codeOf(way(kafka))).toBe('none');
    expect(asked[0]).toEqual([
      'POST',
      '/token',
      `Basic ${Buffer.from('slu+ice:a%3Ab%25').toString('base64')}`,
      'grant_type=client_credentials&scope=kafka+read',
    ]);
    server.close();
    server.closeAllConnections();
    expect(await codeOf(way(kafka))).toBe('SECRET_UNAVAILABLE');
  });
});

/** KIP-368: a broker that wants a login again after three seconds. */
test('a connection that stays open logs in again with the password of then', async () => {
  const file = join(folder, 'again');
  await writeFile(file, 'three');
  await setPassword('three', 256);
  const sasl = { mechanism: 'scram-sha-256', username: 'sluice', password: `\${file:${file}}` };
  const times = { connectTimeoutMs: 10_000, requestTimeoutMs: 10_000 };
  const connections = new BrokerConnections(configOf(loginPort, { sasl }), times);
  const broker = { host: '127.0.0.1', port: loginPort };
  const connection = await connections.to(broker);
  await writeFile(file, 'four');
  await setPassword('four', 256);
  await new Promise((resolve) => connection.once('sasl:authentication:extended', resolve));
  expect(await connections.to(broker)).toBe(connection);
  await metadataV9.api.async(connection, [], false, false);
  connections.destroy();
});

/** An unsecured JWS (RFC 7515, appendix A.5), good from now for so many seconds. */
function token(seconds: number): string {
  const now = Math.floor(Date.now() / 1000);
  const claims = { sub: 'sluice', iat: now - 100, exp: now + seconds };
  return (
    [{ alg: 'none' }, claims]
      .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
      .join('.') + '.'
  );
}

async function setPassword(password: string, bits: 256 | 512 = 512): Promise<void> {
  const [salt, iterations] = [randomBytes(16), 4096];
  // RFC 5802: SaltedPassword := Hi(password, salt, i), which is PBKDF2.
  const saltedPassword = pbkdf2Sync(password, salt, iterations, bits / 8, `sha${bits}`);
  const mechanism = ScramMechanisms[`SCRAM_SHA_${bits}`];
  const connection = new Connection('sluice-test');
  const [host = '', port = ''] = (stack.kafka.brokers[0] ?? '').split(':');
  await connection.connect(host, Number(port));
  await alterUserScramCredentialsV0.api.async(
    connection,
    [],
    [{ name: 'sluice', mechanism, iterations, salt, saltedPassword }],
  );
  await connection.close();
}
