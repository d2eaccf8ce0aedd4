import { Ajv2020 } from 'ajv/dist/2020.js';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { defineErrors, ERRORS } from '../../src/errors.ts';
import { configJsonSchema, configPage, errorsPage } from '../../src/reference/index.ts';

const schema = configJsonSchema({
  redis: z.strictObject({
    type: z.string().optional().meta({ description: 'Which sink.' }),
    url: z.string().default('redis://x').meta({ description: 'Address.', secret: true }),
  }),
});

test('every setting is on the page with default, variable and meaning', () => {
  const page = configPage(schema);
  expect(page).toContain(
    '| `source.port`<br>`SLUICE__SOURCE__PORT` | whole number, 1–65535 | `3306` | Port of the source server. |',
  );
  expect(page).toContain('| `source.user`<br>`SLUICE__SOURCE__USER` | text | required |');
  expect(page).toContain(
    '| `sinks.redis.url`<br>`SLUICE__SINKS__REDIS__URL` | text | `"redis://x"` | Address. Secret. |',
  );
  const unexplained = page.split('\n').filter((line) => line.startsWith('| `') && line.endsWith('|  |'));
  expect(unexplained).toEqual([]);
});

test('every error code is on the page, with those that a sink has brought', () => {
  const own = { class: 'retryable', summary: 'the shelf is away', fix: 'Look for it.' } as const;
  const { SHELF_AWAY } = defineErrors({ SHELF_AWAY: own });
  const headings = errorsPage([SHELF_AWAY]).matchAll(/^## (\w+)$/gm);
  expect([...headings].map((match) => match[1])).toEqual([...Object.keys(ERRORS), SHELF_AWAY].sort());
  expect(() => defineErrors({ SHELF_AWAY: { ...own, summary: 'another' } })).toThrow('defined twice');
});

test('the JSON Schema accepts a configuration and refuses an unknown setting', () => {
  const validate = new Ajv2020().compile(schema);
  const config = {
    pipeline: 'shop',
    source: { host: 'h', user: 'u', tables: ['a.b'] },
    kafka: { brokers: ['k:1'] },
    sinks: { redis: {} },
  };
  expect(validate(config)).toBe(true);
  expect(validate({ ...config, sinks: { redis: { urll: 'x' } } })).toBe(false);
  expect(validate({ ...config, topic: {} })).toBe(false);
  expect(validate({ ...config, sinks: { cache: { type: 'redis', url: 'x' } } })).toBe(true);
  expect(validate({ ...config, sinks: { cache: { type: 'redis', urll: 'x' } } })).toBe(false);
});
