import { randomUUID } from 'node:crypto';
import { Client } from '@elastic/elasticsearch';
import { startStack } from '@sluice/local-stack';
import { createLogger, parseConfig } from '@sluice/runtime';
import type { RebuildRecord } from '@sluice/sink-kit/rebuild';
import { afterAll, expect, test } from 'vitest';
import { elasticsearchSchema } from '../src/config.ts';
import { ElasticsearchSink } from '../src/elasticsearch-sink.ts';
import { LIVE_FILTER } from '../src/index-definition.ts';
import { openRebuild } from '../src/rebuild.ts';

const stack = await startStack({ servers: ['elasticsearch'] });
const { node } = stack.elasticsearch;
const client = new Client({ node, maxRetries: 0 });
const indexPrefix = `test-${randomUUID()}-`;
const section = { node, indexPrefix };
const config = parseConfig(
  JSON.stringify({
    pipeline: 'test',
    source: { host: 'nowhere', user: 'nobody', tables: ['shop.*'] },
    kafka: { brokers: ['nowhere:9092'] },
    sinks: { elasticsearch: section },
  }),
  {},
);
const rebuild = await openRebuild({ config, name: 'elasticsearch' });
const sink = new ElasticsearchSink(elasticsearchSchema.parse(section), {
  section: 'sinks.elasticsearch',
  named: null,
  prefix: 'test',
  sourceTables: [],
  log: createLogger('test', { level: 'silent' }),
});
afterAll(async () => {
  await Promise.all([rebuild.close(), sink.close()]);
  const indices = Object.keys(await client.indices.get({ index: `${indexPrefix}*` }));
  if (indices.length > 0) await client.indices.delete({ index: indices });
  await client.close();
  await stack.stop();
});

const recordOf = (id: string): RebuildRecord => ({
  version: 1,
  id,
  phase: 'filling',
  tables: ['shop.orders', 'shop.items'],
  jobs: ['s1'],
  startedAt: 1,
  keepMs: 1000,
  removeAfter: null,
  owner: 'me',
  pauses: false,
});
const NAMES = ['shop.orders', 'shop.items'];

/** An index with one document, as a sink makes it. */
async function make(name: string, note: string, aliases: readonly string[] = []): Promise<void> {
  const index = indexPrefix + name;
  const all = Object.fromEntries(aliases.map((alias) => [`${indexPrefix}${alias}`, { filter: LIVE_FILTER }]));
  await client.indices.create({ index, aliases: { [`${index}.live`]: { filter: LIVE_FILTER }, ...all } });
  await client.index({ index, id: '1', document: { note }, refresh: true });
}

async function notes(suffix = ''): Promise<readonly unknown[]> {
  const found: unknown[] = [];
  for (const name of NAMES) {
    const { hits } = await client.search<{ note: string }>({ index: `${indexPrefix}${name}${suffix}` });
    found.push(...hits.hits.map(({ _source }) => _source?.note));
  }
  return found;
}

async function places(): Promise<readonly string[]> {
  const found = await client.indices.get({ index: `${indexPrefix}*` });
  const all = Object.entries(found).flatMap(([index, { aliases = {} }]) =>
    [index, ...Object.keys(aliases).map((alias) => `${index} as ${alias}`)].map((text) =>
      text.replaceAll(indexPrefix, ''),
    ),
  );
  return all.filter((text) => !text.includes('state')).sort();
}

test('indexes are swapped with their aliases, kept, removed by the sink, and swapped once more', async () => {
  await sink.open(new AbortController().signal);
  const first = recordOf('a1');
  await make('shop.orders', 'old', ['of-my-own']);
  await make('shop.items', 'old');
  for (const name of NAMES) await make(`rebuild-a1-${name}`, 'new');
  expect(rebuild.settings(first)).toEqual({ indexPrefix: `${indexPrefix}rebuild-a1-`, indexes: {} });
  expect(await rebuild.save(first, null)).toBe(true);
  expect(await rebuild.save({ ...first, owner: 'other' }, null)).toBe(false);
  expect(await rebuild.load()).toEqual(first);
  expect(await rebuild.isSwapped(first)).toBe(false);
  expect(await rebuild.swap(first)).toBe(null);
  expect(await rebuild.swap(first)).toBe(null);
  expect(await rebuild.isSwapped(first)).toBe(true);
  expect([await notes(), await notes('.live'), await notes('%oa1')]).toEqual(
    Array.from({ length: 3 }, (_, at) => (at < 2 ? ['new', 'new'] : ['old', 'old'])),
  );
  await rebuild.discard(first);
  expect(await places()).toEqual([
    'rebuild-a1-shop.items',
    'rebuild-a1-shop.items as shop.items',
    'rebuild-a1-shop.items as shop.items.live',
    'rebuild-a1-shop.orders',
    'rebuild-a1-shop.orders as of-my-own',
    'rebuild-a1-shop.orders as shop.orders',
    'rebuild-a1-shop.orders as shop.orders.live',
    'shop.items%oa1',
    'shop.orders%oa1',
  ]);
  expect(await rebuild.save({ ...first, phase: 'kept', removeAfter: 5000 }, first)).toBe(true);
  expect(await rebuild.save(null, first)).toBe(false);
  expect(await sink.removeKept(4999)).toEqual([]);
  expect(await sink.removeKept(5000)).toEqual(first.tables);
  expect([await rebuild.load(), (await places()).filter((text) => text.includes('%o'))]).toEqual([null, []]);

  // The names of the tables are aliases now: nothing is copied.
  const second = recordOf('b2');
  for (const name of NAMES) await make(`rebuild-b2-${name}`, 'newer');
  expect(await rebuild.swap(second)).toBe(null);
  await rebuild.discard(second);
  expect([await notes('.live'), await notes('%ob2')]).toEqual([
    ['newer', 'newer'],
    ['new', 'new'],
  ]);
  await rebuild.removeKept(second);
  await rebuild.removeKept(second);
  expect(await places()).toEqual([
    'rebuild-b2-shop.items',
    'rebuild-b2-shop.items as shop.items',
    'rebuild-b2-shop.items as shop.items.live',
    'rebuild-b2-shop.orders',
    'rebuild-b2-shop.orders as of-my-own',
    'rebuild-b2-shop.orders as shop.orders',
    'rebuild-b2-shop.orders as shop.orders.live',
  ]);
});

test('what was filled is taken away, and the old indexes are as they were', async () => {
  const before = await places();
  const third = recordOf('c3');
  for (const name of NAMES) await make(`rebuild-c3-${name}`, 'never');
  await rebuild.discard(third);
  await rebuild.discard(third);
  expect([await places(), await notes('.live')]).toEqual([before, ['newer', 'newer']]);
});

test('readers who had gone over to the index of a move that was broken off come to the new one', async () => {
  const [index, moved] = [`${indexPrefix}shop.orders`, `${indexPrefix}shop.orders%v0010000010000000010`];
  await client.indices.create({ index: moved });
  const turn = [`${index}.live`, `${indexPrefix}of-my-own`].flatMap((alias) => [
    { remove: { index: `${indexPrefix}rebuild-b2-shop.orders`, alias } },
    { add: { index: moved, alias, filter: LIVE_FILTER } },
  ]);
  await client.indices.updateAliases({ actions: turn });
  const fourth = recordOf('d4');
  for (const name of NAMES) await make(`rebuild-d4-${name}`, 'newest');
  expect(await rebuild.swap(fourth)).toBe(null);
  await rebuild.discard(fourth);
  await rebuild.removeKept(fourth);
  expect(await places()).toEqual([
    'rebuild-d4-shop.items',
    'rebuild-d4-shop.items as shop.items',
    'rebuild-d4-shop.items as shop.items.live',
    'rebuild-d4-shop.orders',
    'rebuild-d4-shop.orders as of-my-own',
    'rebuild-d4-shop.orders as shop.orders',
    'rebuild-d4-shop.orders as shop.orders.live',
  ]);
});
