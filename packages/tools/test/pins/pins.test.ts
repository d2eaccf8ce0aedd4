import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { imagesIn, imagesOf, withDigests, type NamedImage } from '../../src/pins/image-files.ts';
import { parseImageName } from '../../src/pins/image-name.ts';
import { lookUp, remarkOf } from '../../src/pins/pinned-images.ts';

const digest = (text: string): string => `sha256:${createHash('sha256').update(text).digest('hex')}`;
const [MYSQL, KAFKA] = [digest('mysql'), digest('kafka')];

/** In the place of docker: notes what it is asked, and answers as a registry would have it. */
const folder = mkdtempSync(join(tmpdir(), 'sluice-pins-'));
const asked = join(folder, 'asked');
writeFileSync(
  join(folder, 'docker'),
  `#!/bin/sh
echo "$@" >> ${asked}
case $4 in
  mysql:*) echo '{"digest": "${MYSQL}", "size": 1}' ;;
  apache/kafka:4.3.1) echo '{"digest": "${KAFKA}"}' ;;
  odd:*) echo '{"digest": "md5:1"}' ;;
  old:*) echo 'Name: old' ;;
  *) echo "first line" >&2; echo "ERROR: $4: not found" >&2; exit 1 ;;
esac
`,
  { mode: 0o755 },
);
const path = process.env['PATH'];
beforeAll(() => void (process.env['PATH'] = `${folder}:${path}`));
afterAll(() => {
  process.env['PATH'] = path;
  rmSync(folder, { recursive: true });
});

const named = (name: string): NamedImage => {
  const image = parseImageName(name);
  if (image === null) throw new Error(name);
  return { ...image, files: ['docker-compose.yml'] };
};
test.each([
  ['mysql:9.7', 'mysql', null],
  [`ghcr.io/kafbat/kafka-ui:v1.3.0@${MYSQL}`, 'ghcr.io/kafbat/kafka-ui', MYSQL],
  ['127.0.0.1:5000/cdc/node:24', '127.0.0.1:5000/cdc/node', null],
])('%s', (name, repository, pinned) => {
  expect(parseImageName(name)).toEqual({ text: name.split('@')[0], repository, digest: pinned });
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

test('docker tells the digest of a tag; each name is asked once', async () => {
  const found = await lookUp([
    named('mysql:9.7'),
    named(`mysql:9.7@${KAFKA}`),
    named(`mysql:9.7@${MYSQL}`),
    named('apache/kafka:4.3.1'),
  ]);
  expect(found.map(({ digest: told }) => told)).toEqual([MYSQL, MYSQL, MYSQL, KAFKA]);
  expect(found.map(remarkOf)).toEqual([
    `mysql:9.7 (docker-compose.yml): named by its tag alone, which has ${MYSQL} now`,
    `mysql:9.7 (docker-compose.yml): stale, the tag has ${MYSQL} now`,
    null,
    `apache/kafka:4.3.1 (docker-compose.yml): named by its tag alone, which has ${KAFKA} now`,
  ]);
  expect(readFileSync(asked, 'utf8').trim().split('\n').toSorted()).toEqual([
    'buildx imagetools inspect apache/kafka:4.3.1 --format {{json .Manifest}}',
    'buildx imagetools inspect mysql:9.7 --format {{json .Manifest}}',
  ]);
});

test('what is not told is said, and is not taken for fine', async () => {
  const found = await lookUp([named('mysql/other:1'), named('odd:1'), named('old:1')]);
  process.env['PATH'] = join(folder, 'empty');
  const without = await lookUp([named('mysql:9.7')]).finally(() => {
    process.env['PATH'] = `${folder}:${path}`;
  });
  expect([...found, ...without].map(remarkOf)).toEqual([
    'mysql/other:1 (docker-compose.yml): not looked up, ERROR: mysql/other:1: not found',
    'odd:1 (docker-compose.yml): not looked up, docker tells no digest',
    'old:1 (docker-compose.yml): not looked up, docker tells no digest',
    'mysql:9.7 (docker-compose.yml): not looked up, there is no docker here',
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
