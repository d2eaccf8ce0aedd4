import { parseConfig } from '@sluice/runtime';
import { expect, test } from 'vitest';
import type { SinkDefinition } from '../src/definition.ts';
import { sinkBaseSchema, type SinkSettings } from '../src/settings.ts';
import { identifySink } from '../src/sink-identity.ts';
import { inMemorySink } from '../src/testing/index.ts';

const SHELF: SinkDefinition<SinkSettings> = {
  type: 'shelf',
  schema: sinkBaseSchema,
  create: () => inMemorySink(),
};

function configOf(topics = '{}'): ReturnType<typeof parseConfig> {
  return parseConfig(
    `pipeline: p
source: { host: h, user: u, tables: ['shop.*'] }
kafka: { brokers: ['k:9092'] }
topics: ${topics}
sinks: { cache: { type: shelf, tables: [shop.a], tombstoneDays: 90 } }`,
    {},
  );
}

test('a sink goes by its name: its section, its group, its settings and its tables', () => {
  const identity = identifySink(SHELF, configOf('{ prefix: q }'), 'cache');
  expect(identity).toMatchObject({ name: 'cache', section: 'sinks.cache', group: 'p.cache', prefix: 'q' });
  expect(identity.settings.tombstoneDays).toBe(90);
  expect(identity.selection.takesTable('shop', 'a')).toBe(true);
  expect(identity.selection.takesTable('shop', 'b')).toBe(false);
  expect(identity.tombstoneLifeMs).toBe(90 * 86_400_000);
});

test('where records stay for ever, deletes are remembered for ever', () => {
  expect(identifySink(SHELF, configOf('{ retentionMs: -1 }'), 'cache').tombstoneLifeMs).toBe(Infinity);
});

test('topics that split the changes of a row are no sink’s', () => {
  const config = configOf('{ strategy: operation }');
  expect(() => identifySink(SHELF, config, 'cache')).toThrow(
    expect.objectContaining({ code: 'TOPICS_SPLIT' }),
  );
});
