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

const settings = (sinks: string): string => `
pipeline: shop
source: { host: db, user: cdc, tables: ['shop.*'] }
kafka: { brokers: ['k:9092'] }
sinks: { ${sinks} }
`;

test.each([
  ["redis: { url: 'redis://r:6379?password=hunter2&db=1' }", 'redis://r:6379?password=***&db=***'],
  ['redis: { url: "redis://:hun\\nter2@r:6379" }', 'redis://:***@r:6379'],
  ["redis: { url: 'redis//:hunter2@r:6379' }", 'redis//:***@r:6379'],
  ["redis: { url: '://u:hunter2@r' }", '://u:***@r'],
  ["redis: { url: 'redis:/u:hunter2@r' }", 'redis:/u:***@r'],
  ["redis: { url: 'u:hunter2@r:6379' }", 'u:***@r:6379'],
  ["redis: { url: 'redis://a b:hunter2@r' }", 'redis:***@r'],
  ["redis: { url: 'redis://r:6379#hunter2' }", 'redis://r:6379#***'],
  ["redis: { url: 'rediss://sluice@r:6379' }", 'rediss://sluice@r:6379'],
  ["elasticsearch: { node: 'https://hunter2@e:9200' }", 'https://***@e:9200'],
  ["elasticsearch: { nodes: ['http//u:hunter2@e:9200'] }", 'http//u:***@e:9200'],
  ['other: { passphrase: hunter2 }', '"passphrase":"***"'],
  ["other: { connection: 'host=h password=hunter2' }", 'host=h password=***'],
  ['other: { key: hunter2 }', '"key":"***"'],
  ['other: { password: [hunter2] }', '"password":"***"'],
  ['other: { apiKey: { id: 7, value: hunter2 } }', '"apiKey":"***"'],
  ['other: { private_key: hunter2 }', '"private_key":"***"'],
])('of %s no secret is printed', (sinks, shown) => {
  const printed = JSON.stringify(redactedConfig(parseConfig(settings(sinks), {})));
  expect(printed).not.toMatch(/hunter|ter2/);
  expect(printed).toContain(shown);
});

test.each([
  ['a setting that names no anchor', 'source: { password: *hunter2 }', /line 2, column 21: .*anchor/],
  ['the same at the top', 'kafka: *hunter2', /line 2, column 8: .*anchor/],
])('%s is a mistake in the configuration, and not quoted', (_name, line, message) => {
  const read = (): unknown => parseConfig(`pipeline: shop\n${line}\n`, {});
  expect(read).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID' }));
  expect(read).toThrow(message);
  expect(read).not.toThrow(/hunter/);
});

test('aliases that would unfold without end are a mistake in the configuration', () => {
  const lines = ['a: &a [x,x,x,x,x,x,x,x,x]'];
  for (const [index, name] of 'b c d e f g h i'.split(' ').entries())
    lines.push(`${name}: &${name} [${Array(9).fill(`*${'abcdefgh'[index]}`).join(',')}]`);
  expect(() => parseConfig(lines.join('\n'), {})).toThrow(
    expect.objectContaining({ code: 'CONFIG_INVALID' }),
  );
});

test.each([
  'redis://u:hunter2@r?password=hunter3',
  'http//u:hunter2@r',
  '://:hunter2@r',
  'https://hunter2@r#hunter3',
])('a mistake in an address is shown without its password: %s', (address) => {
  const read = (): unknown => parseConfig(settings('').replace('shop.*', address), {});
  expect(read).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID' }));
  expect(read).not.toThrow(/hunter/);
});
