import { expect, test } from 'vitest';
import { z } from 'zod';
import { parseConfig } from '../../src/config/load.ts';
import { opsSchemaFor } from '../../src/config/ops-schema.ts';
import { opsOf, parseSection } from '../../src/config/section.ts';
import { sinkTypeOf } from '../../src/config/sink-type.ts';

const config = parseConfig(
  `
pipeline: shop
source: { host: db, user: cdc, tables: ['shop.*'] }
kafka: { brokers: ['k:9092'] }
sinks:
  redis: { url: 'redis://r:1', batchRecords: '5', ops: { port: 8081 } }
  broken: { urll: x, auth: { user: a } }
  cache: { type: redis }
`,
  {},
);

const schema = z.strictObject({
  ops: opsSchemaFor('redis').prefault({}),
  url: z.string().default('redis://127.0.0.1:6379'),
  batchRecords: z.int().default(100),
  auth: z
    .union([
      z.strictObject({ user: z.string(), password: z.string() }),
      z.strictObject({ apiKey: z.string() }),
    ])
    .optional(),
});

test('a section is checked by its own schema, with the same leniency for text', () => {
  expect(parseSection(config, ['sinks', 'redis'], schema)).toEqual({
    ops: { host: '127.0.0.1', port: 8081, metricsPort: 9091, allowedHosts: [], insecure: false },
    url: 'redis://r:1',
    batchRecords: 5,
  });
});

test('a sink is of the type that it says, else of that of its name, and has the ports of its type', () => {
  expect(['redis', 'cache', 'none', 'constructor'].map((name) => sinkTypeOf(config, name))).toEqual([
    'redis',
    'redis',
    'none',
    'constructor',
  ]);
  expect(opsOf(config, ['sinks', 'cache'])).toMatchObject({ port: 8081, metricsPort: 9091 });
  expect(opsOf(config, ['sinks', 'none']).port).toBe(8084);
  expect(opsOf(config, ['capture']).port).toBe(8080);
});

test('a missing section is an empty one', () => {
  expect(parseSection(config, ['sinks', 'none'], schema).url).toBe('redis://127.0.0.1:6379');
  expect(() => parseSection(config, ['sinks', 'none'], z.strictObject({ url: z.string() }))).toThrow(
    'sinks.none.url: found nothing',
  );
});

test('problems carry the whole path, also of a setting with several forms', () => {
  const read = (): unknown => parseSection(config, ['sinks', 'broken'], schema);
  expect(read).toThrow('2 problems in section sinks.broken:');
  expect(read).toThrow('sinks.broken.urll: found an unknown setting; remove it, or: did you mean `url`?');
  expect(read).toThrow('sinks.broken.auth.password: found nothing; must be a text');
});
