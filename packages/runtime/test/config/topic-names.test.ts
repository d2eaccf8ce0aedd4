import { describe, expect, test } from 'vitest';
import { parseConfig } from '../../src/config/load.ts';

const topicsOf = (topics: string) =>
  parseConfig(
    `pipeline: shop\nsource: { host: db, user: cdc, tables: ['shop.*'] }\nkafka: { brokers: ['k:9092'] }\ntopics: { ${topics} }`,
    {},
  ).topics;

describe('names of topics', () => {
  test('are by table unless something else is set', () => {
    expect(topicsOf('')).toMatchObject({ strategy: 'table' });
    expect(topicsOf('')).not.toHaveProperty('template');
    expect(topicsOf('strategy: operation').strategy).toBe('operation');
  });

  test.each([
    '{database}.all',
    '{database}',
    'all',
    '{database}_{table}',
    'cdc-{table}.x',
    'sluices.{table}',
  ])('template %s', (template) => {
    expect(topicsOf(`template: '${template}'`).template).toBe(template);
  });

  test.each([
    ["template: '{schema}.{table}'", 'topics.template: found "{schema}.{table}"; takes letters'],
    ["template: '.{table}'", 'in parts between dots'],
    ["template: '{table}..x'", 'in parts between dots'],
    ["template: ''", 'in parts between dots'],
    ["template: 'ü.{table}'", 'takes letters, digits'],
    ["template: '{table}.{table}'", 'once each'],
    ["template: 'sluice.{table}'", 'must not begin with `sluice` or `dlq`'],
    ["template: 'dlq'", 'must not begin with `sluice` or `dlq`'],
    ["strategy: database, template: '{table}'", 'topics.template: found "{table}"; takes the place of'],
    ['strategy: operation, tombstones: true', 'topics.tombstones: found true; would delete the delete'],
    [
      'replicationFactor: 3, minInsyncReplicas: 4',
      'topics.minInsyncReplicas: found 4; is more than topics.replicationFactor (3)',
    ],
    ["template: '{database}.{operation}', tombstones: true", 'topics.tombstones: found true; would delete'],
    ["template: '{operation}.{table}'", 'topics.template: found '],
    ["template: '{table}-{operation}'", 'topics.template: found '],
    ["template: '{operation}'", 'topics.template: found '],
    ['strategy: topic', 'topics.strategy: found "topic"; must be one of table, database, operation'],
  ])('%s is refused', (topics, message) => {
    expect(() => topicsOf(topics)).toThrow(message);
  });
});
