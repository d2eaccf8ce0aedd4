import { parseConfig, Registry, createLogger } from '@sluice/runtime';
import type { RebuildRecord } from '@sluice/sink-kit/rebuild';
import { sequenceAt } from '@sluice/sink-kit/testing';
import { expect, onTestFinished, test } from 'vitest';
import { openStore } from '../src/compare.ts';
import { elasticsearchSchema } from '../src/config.ts';
import { previewTable } from '../src/preview.ts';
import { openRebuild } from '../src/rebuild.ts';
import { openRepair } from '../src/repair.ts';
import { clusterFixture, id, insert, topicOf, write } from './cluster-fixture.ts';

/** What works on the rows of a table finds them by the name that settings give its index. */

const { client, node, index: indexOf, worker, documents } = await clusterFixture();
const indexes = { 'shop.orders': { name: 'found' } };
const others = { 'shop.items': { name: 'items' } };
const topic = topicOf();

function config() {
  return parseConfig(
    JSON.stringify({
      pipeline: 'test',
      source: { host: 'nowhere', user: 'nobody', tables: ['shop.*'] },
      kafka: { brokers: ['nowhere:9092'] },
      topics: { prefix: 'test' },
      sinks: { elasticsearch: { node, indexPrefix: indexOf(''), indexes: { ...indexes, ...others } } },
    }),
    {},
  );
}

async function filled() {
  const sink = worker('test', node, null, { indexes });
  await sink.open(new AbortController().signal);
  expect(await write(sink, topic.schema(sequenceAt(1)))).toEqual(['applied']);
  expect(await write(sink, insert(topic, 2), insert(topic, 3))).toEqual(['applied', 'applied']);
  await client.indices.refresh({ index: indexOf('found') });
  return sink;
}

test('the preview and a comparison', async () => {
  await filled();
  const outline = { database: 'shop', table: 'orders', columns: [id], keyColumns: ['id'] };
  expect(previewTable(config(), outline, 'elasticsearch').target).toBe(indexOf('found'));
  const settings = elasticsearchSchema.parse({ node, indexPrefix: indexOf(''), indexes });
  const store = await openStore(settings, 'sinks.elasticsearch');
  onTestFinished(() => store.close());
  type Table = Parameters<typeof store.open>[0];
  const column = { name: 'id', columnType: 'int', shown: true } as unknown as Table['columns'][number];
  const table = { database: 'shop', table: 'orders', columns: [column], key: [0] } as unknown as Table;
  const found: string[] = [];
  for await (const each of (await store.open(table)).identities()) found.push(each);
  expect(found.sort()).toEqual(['{"id":2}', '{"id":3}']);
});

test('a repair, its undo, and what it writes for a person', async () => {
  await filled();
  const context = {
    pipeline: 'test',
    name: 'elasticsearch',
    section: 'sinks.elasticsearch',
    named: null,
    sourceTables: [],
    prefix: 'test',
    group: 'test.elasticsearch',
    hasProgress: () => Promise.resolve(false),
    tombstoneLifeMs: 86_400_000,
    log: createLogger('test', { level: 'silent' }),
    registry: new Registry(),
  };
  const repair = await openRepair({ name: 'elasticsearch', config: config(), contextOf: () => context });
  onTestFinished(() => repair.close());
  const row = topic.row({ operation: 'DELETE', sequence: sequenceAt(9), row: { id: 2 } });
  const { topic: name, partition, key, rowKey } = row;
  const place = { database: 'shop', table: 'orders', topic: name, partition, key, rowKey };
  const [kept = null] = await repair.kept([place]);
  expect(kept).toContain('"id":2');
  expect(await repair.statements([row])).toContain(`{"index":{"_index":"${indexOf('found.live')}",`);
  expect(await repair.write([row])).toEqual([{ kind: 'applied' }]);
  expect(Object.keys(await documents(indexOf('found.live')))).toEqual(['{"id":3}']);
  expect(await repair.restore({ ...place, sequence: sequenceAt(9), kept })).toBe(true);
  expect(Object.keys(await documents(indexOf('found.live'))).sort()).toEqual(['{"id":2}', '{"id":3}']);
});

test('a rebuild, what is kept of it, and its end', async () => {
  const sink = await filled();
  const rebuild = await openRebuild({ config: config(), name: 'elasticsearch' });
  onTestFinished(() => rebuild.close());
  const record: RebuildRecord = {
    version: 1,
    id: 'a1',
    phase: 'kept',
    tables: ['shop.orders'],
    jobs: ['s1'],
    startedAt: 1,
    keepMs: 1000,
    removeAfter: 5000,
    owner: 'me',
    pauses: false,
  };
  const settings = { tables: record.tables, ...rebuild.settings(record) };
  expect(settings).toMatchObject({ indexes });
  const beside = worker('test', node, null, settings);
  await beside.open(new AbortController().signal);
  expect(await write(beside, topic.schema(sequenceAt(1)))).toEqual(['applied']);
  expect(await write(beside, insert(topic, 2), insert(topic, 4))).toEqual(['applied', 'applied']);
  expect(await rebuild.isSwapped(record)).toBe(false);
  expect(await rebuild.refusal(record)).toBe(null);
  expect(await rebuild.swap(record)).toBe(null);
  expect(await rebuild.isSwapped(record)).toBe(true);
  expect(await rebuild.refusal(record)).toBe(null);
  await rebuild.discard(record);
  expect(Object.keys(await documents(indexOf('found.live'))).sort()).toEqual(['{"id":2}', '{"id":4}']);
  expect(Object.keys(await client.indices.get({ index: indexOf('*') })).sort()).toEqual(
    ['found%oa1', 'rebuild-a1-found', 'sluice-state'].map((name) => indexOf(name)),
  );
  expect(await write(sink, insert(topic, 5))).toEqual(['applied']);
  expect(await rebuild.save(record, null)).toBe(true);
  expect(await sink.removeKept(5000)).toEqual(['shop.orders']);
  // Under another name the sink says so of the index that has taken the place, by what it is called itself.
  const other = worker('test', node, null, { indexes: { 'shop.orders': { name: 'other' } } });
  expect((await write(other, insert(topic, 6)))[0]).toContain(
    ` DELETE /${indexOf('rebuild-a1-found')} and run`,
  );
});

test('a rebuild takes the place of nobody else, and leaves no rows under a former name', async () => {
  const rebuild = await openRebuild({ config: config(), name: 'elasticsearch' });
  onTestFinished(() => rebuild.close());
  const refusal = () => rebuild.refusal({ id: 'a1', tables: ['shop.orders'] });
  const index = indexOf('found');
  await client.index({ index, document: { mine: 'x' }, id: '1', refresh: true });
  expect(await refusal()).toContain('has 1 documents that no sink of Sluice has written');
  await client.indices.delete({ index });
  const items = worker('test', node, null, { indexes: { 'shop.items': { name: 'found' } } });
  expect(await write(items, topicOf({ table: 'items' }).schema(sequenceAt(1)))).toEqual(['applied']);
  expect(await refusal()).toContain(`would share index ${index} with table "items"`);
  await client.indices.delete({ index });
  const before = worker('test', node, null, {});
  expect(await write(before, topic.schema(sequenceAt(1)))).toEqual(['applied']);
  expect(await refusal()).toContain(`the rows of shop.orders are in ${indexOf('shop.orders')}, and `);
});
