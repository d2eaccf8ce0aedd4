import { parseConfig, type SluiceConfig } from '@sluice/runtime';
import { expect, test } from 'vitest';
import { findTopicProblems } from '../../src/preflight/topic-checks.ts';

function configOf(topics = ''): SluiceConfig {
  return parseConfig(
    `{ pipeline: p, source: { host: h, user: u, tables: ['*.*'] }, kafka: { brokers: ['a:1'] }, topics: { ${topics} }, sinks: { redis: {} } }`,
    {},
  );
}

const foundIn = (topics: string, ...ids: readonly string[]): readonly string[] => {
  const tables = ids.map((id) => {
    const [database = '', table = ''] = id.split('/');
    return { database, table };
  });
  return findTopicProblems(configOf(topics), tables).map(({ found }) => found);
};

test('tables of ordinary names have no problem, whatever the strategy', () => {
  const ids = ['shop/orders', 'shop/lines', 'crm/orders', 'sluice/checkpoints', 'dlq/redis'];
  for (const topics of [
    '',
    'strategy: database',
    'strategy: operation',
    "template: 'all'",
    "template: '{table}'",
  ])
    expect(foundIn(topics, ...ids)).toEqual([]);
});

test.each([
  ['', ['a/b_c', 'a_b/c'], 'p.a.b_c (of a.b_c) and p.a_b.c (of a_b.c), which Kafka treats as the same name'],
  [
    'strategy: database',
    ['sluice_checkpoints/a'],
    "p.sluice.checkpoints (Sluice's own) and p.sluice_checkpoints (of sluice_checkpoints.a), which Kafka treats as the same name",
  ],
  [
    'strategy: database',
    ['dlq_redis/a'],
    "p.dlq.redis (Sluice's own) and p.dlq_redis (of dlq_redis.a), which Kafka treats as the same name",
  ],
])('%s: topics that a broker would not make beside each other', (topics, ids, found) => {
  expect(foundIn(topics, ...ids)).toEqual([found]);
});

test('every name that is too long is told at once', () => {
  const long = 'б'.repeat(60);
  expect(foundIn('', `shop/${long}`, `crm/${long}`, 'shop/orders')).toEqual([
    expect.stringContaining('p.shop.'),
    expect.stringContaining('p.crm.'),
  ]);
});
