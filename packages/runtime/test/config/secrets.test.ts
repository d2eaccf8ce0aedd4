import { expect, test } from 'vitest';
import { parseConfig } from '../../src/config/load.ts';
import { redactedConfig } from '../../src/config/secrets.ts';

test('no secret is in the printed configuration, known section or not; the rest is', () => {
  const config = parseConfig(
    `
pipeline: shop
source: { host: db, user: cdc, password: hunter1, tables: ['shop.*'] }
kafka: { brokers: ['k:9092'], sasl: { mechanism: scram-sha-512, username: u, password: hunter2 } }
sinks:
  redis: { url: 'rediss://user:hunt:er3@r:1/0' }
  elasticsearch: { auth: { apiKey: hunter4 }, node: 'http://e:1' }
`,
    {},
  );
  const printed = redactedConfig(config);
  expect(JSON.stringify(printed)).not.toMatch(/hunt/);
  expect(printed).toMatchObject({
    source: { host: 'db', user: 'cdc', password: '***' },
    kafka: { sasl: { username: 'u', password: '***' } },
    sinks: {
      redis: { url: 'rediss://user:***@r:1/0' },
      elasticsearch: { auth: { apiKey: '***' }, node: 'http://e:1' },
    },
  });
  expect(config.source.password).toBe('hunter1');
});
