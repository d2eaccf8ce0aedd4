import { expect, test } from 'vitest';
import { isForeign } from '../../src/config/foreign-secrets.ts';
import { parseConfig } from '../../src/config/load.ts';

const FILE = `
pipeline: shop
source: { host: '\${SOURCE_HOST}', user: sluice, password: '\${file:/none/source}', tables: ['\${DATABASE}.*'] }
kafka: { brokers: ['k:9092'], sasl: { mechanism: scram-sha-512, username: '\${KAFKA_USER}', password: '\${KAFKA_PASSWORD}' } }
capture: { hashKeyFile: '\${HASH_KEYS}' }
auditor: { ops: { host: '\${AUDITOR_HOST}' } }
sinks:
  redis: { url: 'redis://:\${file:/none/redis}@r' }
  mysql: { password: '\${TARGET}' }
`;
const SHARED = ['DATABASE', 'KAFKA_USER', 'KAFKA_PASSWORD'];

/** What the service asks for that is not there. */
function asked(service: string): string[] {
  try {
    parseConfig(FILE, {}, 'sluice.yaml', isForeign(service));
    return [];
  } catch (error) {
    return [...(error as Error).message.matchAll(/\$\{(?:file:\/none\/)?(\w+)\}/g)].map(
      ([, name = '']) => name,
    );
  }
}

test.each([
  ['capture', [...SHARED, 'SOURCE_HOST', 'source', 'HASH_KEYS']],
  ['sink-redis', [...SHARED, 'redis']],
  ['sink-mysql', [...SHARED, 'TARGET']],
  ['sink-other', SHARED],
])('%s asks for its own secrets alone', (service, own) => {
  expect(new Set(asked(service))).toEqual(new Set(own));
});

test('a file of another service is not read where it is there', () => {
  const text = FILE.replaceAll('/none/source', import.meta.filename);
  const env = { DATABASE: 'd', KAFKA_USER: 'u', KAFKA_PASSWORD: 'p', TARGET: 't' };
  expect(parseConfig(text, env, 'sluice.yaml', isForeign('sink-mysql')).source.password).toBe('not-set');
});
