import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { join } from 'node:path';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { imagesIn, imagesOf, withDigests, type NamedImage } from '../../src/pins/image-files.ts';
import { parseImageName } from '../../src/pins/image-name.ts';
import { lookUp, remarkOf } from '../../src/pins/pinned-images.ts';

const digest = (text: string): string => `sha256:${createHash('sha256').update(text).digest('hex')}`;
const [MYSQL, KAFKA] = [digest('mysql'), digest('kafka')];

/** A registry that asks for a token, as public ones do; one repository of it leaves the header out, one tells nonsense. */
const seen: string[] = [];
const server = createServer((request: IncomingMessage, response: ServerResponse) => {
  const { method, url = '', headers } = request;
  const { pathname, searchParams } = new URL(url, 'http://registry');
  seen.push(`${method} ${url}`);
  if (pathname === '/token')
    return response.end(JSON.stringify({ token: `for ${searchParams.get('scope')}` }));
  const [, repository = '', tag = ''] = /^\/v2\/(.+)\/manifests\/(.+)$/.exec(pathname) ?? [];
  const scope = `repository:${repository}:pull`;
  if (headers.authorization !== `Bearer for ${scope}`) {
    const realm = `http://127.0.0.1:${(server.address() as AddressInfo).port}/token`;
    const challenge = `Bearer realm="${realm}",service="registry",scope="${scope}"`;
    return response.writeHead(401, { 'www-authenticate': challenge }).end();
  }
  if (headers.accept?.includes('application/vnd.oci.image.index.v1+json') !== true)
    return response.writeHead(406).end();
  if (repository === 'library/mysql') return response.setHeader('docker-content-digest', MYSQL).end();
  if (repository === 'library/odd') return response.setHeader('docker-content-digest', 'md5:1').end();
  if (repository === 'apache/kafka' && tag === '4.3.1')
    return response.end(method === 'GET' ? 'kafka' : undefined);
  return response.writeHead(404).end();
});
beforeAll(async () => {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
});
afterAll(() => server.close());

const named = (name: string): NamedImage => {
  const image = parseImageName(name);
  if (image === null) throw new Error(name);
  return { ...image, files: ['docker-compose.yml'] };
};
const access = {
  addressOf: () => `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
  waitMs: 5000,
};

test.each([
  ['mysql:9.7', 'registry-1.docker.io', 'library/mysql', '9.7', null],
  ['apache/kafka:4.3.1', 'registry-1.docker.io', 'apache/kafka', '4.3.1', null],
  ['docker.io/library/redis:8', 'registry-1.docker.io', 'library/redis', '8', null],
  [`ghcr.io/kafbat/kafka-ui:v1.3.0@${MYSQL}`, 'ghcr.io', 'kafbat/kafka-ui', 'v1.3.0', MYSQL],
  ['127.0.0.1:5000/cdc/node:24', '127.0.0.1:5000', 'cdc/node', '24', null],
])('%s', (name, registry, repository, tag, pinned) => {
  expect(parseImageName(name)).toMatchObject({ registry, repository, tag, digest: pinned });
});

test.each(['manifests', '${SLUICE_REGISTRY:-}sluice-capture:1', 'mysql:9.7@sha256:12', 'a b:1', 'mysql'])(
  '%s is no image that could be looked up',
  (name) => {
    expect(parseImageName(name)).toBeNull();
  },
);

const COMPOSE = `services:
  kafka:
    image: apache/kafka:4.3.1 # as in the tests
  mysql: { }
  capture:
    image: sluice-capture
  sink:
    image: registry.example/sluice-sink-redis:1.2.3
containers:
        - image: mysql:9.7@${KAFKA}
`;
const DOCKERFILE =
  'FROM node:24-bookworm-slim AS build\nCOPY --from=build /app ./\nFROM build\nFROM node:24-bookworm-slim\n';

test('images of others are found, and get their digests behind their tags; all else stays as it is', () => {
  expect(imagesIn(COMPOSE).map(({ text }) => text)).toEqual(['apache/kafka:4.3.1', 'mysql:9.7']);
  expect(imagesIn(DOCKERFILE).map(({ text }) => text)).toEqual([
    'node:24-bookworm-slim',
    'node:24-bookworm-slim',
  ]);
  const digests = new Map([
    ['apache/kafka:4.3.1', KAFKA],
    ['mysql:9.7', MYSQL],
    ['node:24-bookworm-slim', MYSQL],
  ]);
  const pinned = withDigests(COMPOSE, digests);
  expect(pinned).toBe(
    COMPOSE.replace('kafka:4.3.1', `kafka:4.3.1@${KAFKA}`).replace(`9.7@${KAFKA}`, `9.7@${MYSQL}`),
  );
  expect(withDigests(pinned, digests)).toBe(pinned);
  expect(withDigests(DOCKERFILE, digests)).toBe(
    DOCKERFILE.replaceAll('node:24-bookworm-slim', `node:24-bookworm-slim@${MYSQL}`),
  );
});

test('a registry tells the digest of a tag: by its header, or by the bytes; each name is asked once', async () => {
  seen.length = 0;
  const found = await lookUp(
    [
      named('mysql:9.7'),
      named(`mysql:9.7@${KAFKA}`),
      named(`mysql:9.7@${MYSQL}`),
      named('apache/kafka:4.3.1'),
    ],
    access,
  );
  expect(found.map(({ digest: told }) => told)).toEqual([MYSQL, MYSQL, MYSQL, KAFKA]);
  expect(found.map(remarkOf)).toEqual([
    `mysql:9.7 (docker-compose.yml): named by its tag alone, which has ${MYSQL} now`,
    `mysql:9.7 (docker-compose.yml): stale, the tag has ${MYSQL} now`,
    null,
    `apache/kafka:4.3.1 (docker-compose.yml): named by its tag alone, which has ${KAFKA} now`,
  ]);
  expect(seen.filter((line) => line.includes('mysql') && line.startsWith('HEAD'))).toHaveLength(2);
});

test('what a registry does not tell is said, and is not taken for fine', async () => {
  const silent = await lookUp([named('mysql:9.7')], { ...access, addressOf: () => 'http://127.0.0.1:9' });
  const found = await lookUp([named('mysql/other:1'), named('odd:1')], access);
  expect([...silent, ...found].map(remarkOf)).toEqual([
    'mysql:9.7 (docker-compose.yml): not looked up, registry-1.docker.io does not answer',
    'mysql/other:1 (docker-compose.yml): not looked up, registry-1.docker.io answers 404 for mysql/other:1',
    'odd:1 (docker-compose.yml): not looked up, registry-1.docker.io tells a digest that is no SHA-256',
  ]);
});

test('the images of this repository are found where they are named', () => {
  const found = imagesOf(join(import.meta.dirname, '../../../..'));
  const files = new Set(found.flatMap((image) => image.files));
  expect(found.map(({ text }) => text.replace(/:.*/, ''))).toEqual(
    expect.arrayContaining([
      'node',
      'apache/kafka',
      'mysql',
      'redis',
      'elasticsearch',
      'ghcr.io/kafbat/kafka-ui',
    ]),
  );
  expect([...files].toSorted()).toEqual([
    'docker-compose.prod.yml',
    'docker-compose.yml',
    'infra/docker/Dockerfile',
    'infra/kubernetes/try/servers.yaml',
  ]);
});
