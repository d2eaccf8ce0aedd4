import type { JsonValue } from '@sluice/envelope';
import type { Delivery } from '@sluice/sink-kit';
import { sequenceAt } from '@sluice/sink-kit/testing';
import { beforeEach, expect, test } from 'vitest';
import type { ElasticsearchSink } from '../src/elasticsearch-sink.ts';
import { clusterFixture, column, id, insert, never, topicOf, write } from './cluster-fixture.ts';

const { client, index: indexOf, worker } = await clusterFixture();
let sink: ElasticsearchSink;
beforeEach(() => {
  sink = worker();
});

test('no valid row is refused, and _source is what capture wrote', async () => {
  const values: readonly (readonly [string, JsonValue])[] = [
    ['bigint unsigned', '18446744073709551615'],
    ['decimal(30,10)', '-12345678901234567890.0000000001'],
    ['date', '0000-00-00'],
    ['datetime(6)', '2026-11-21T09:05:34.233197'],
    ['timestamp(3)', '2026-11-21T09:05:34.233Z'],
    ['time(6)', '-838:59:59.000000'],
    ['longtext', 'x'.repeat(40_000)],
    ['varbinary(8)', 'AP8='],
    ['json', { a: 1 }],
    ['json', [1, { a: { b: 2 } }, null]],
    ['json', 'text'],
    ['json', 1.5],
    ['geometry', { srid: 4326, wkb: 'AQEAAAAAAAAAAADwPwAAAAAAAABA' }],
    ['inet6', '2001:db8::1'],
    ["set('a','b')", 'a,b'],
    ['bit(64)', '18446744073709551615'],
  ];
  const columns = [id, ...values.map(([type], index) => column(`c${index}`, type))];
  const topic = topicOf({ columns });
  const row = { id: 1, ...Object.fromEntries(values.map(([, value], index) => [`c${index}`, value])) };
  const other = {
    id: 2,
    ...Object.fromEntries(values.map((_, index) => [`c${index}`, null])),
    c8: { a: { b: 'c' } },
  };
  await write(sink, topic.schema(sequenceAt(1)));
  const batch = [row, other].map((each) =>
    topic.row({ operation: 'INSERT', sequence: sequenceAt(2), row: each }),
  );
  expect(await write(sink, ...batch)).toEqual(['applied', 'applied']);
  const { _source } = await client.get({ index: indexOf(), id: '{"id":1}' });
  expect(_source).toEqual({ ...row, _sluice: { sequence: sequenceAt(2) } });
});

test('the sink’s own index can be read before the first record comes, whoever makes it', async () => {
  const index = indexOf('sluice-state');
  await Promise.all([sink.open(never), worker().open(never)]);
  await worker().open(never);
  const shards = await client.cat.shards({ index, format: 'json' });
  expect(shards.filter(({ prirep }) => prirep === 'p')).toMatchObject([{ state: 'STARTED' }]);
});

test('rows of a table that was never announced make no index, and are of class schema', async () => {
  const row = topicOf().row({ operation: 'INSERT', sequence: sequenceAt(1), row: { id: 1 } });
  expect(await write(sink, row)).toEqual([expect.stringMatching(/^ELASTICSEARCH_INDEX_MISSING/)]);
  expect(await client.indices.exists({ index: indexOf() })).toBe(false);
});

test('a search by the live alias finds the living, by what their columns hold', async () => {
  const topic = topicOf({ columns: [id, column('total', 'decimal(10,2)'), column('note', 'varchar(40)')] });
  await write(sink, topic.schema(sequenceAt(1)));
  const rows = [1, 2, 3].map((key) => ({ id: key, total: `${key}0.50`, note: `note ${key}` }));
  await write(sink, ...rows.map((row) => topic.row({ operation: 'INSERT', sequence: sequenceAt(2), row })));
  await write(sink, topic.row({ operation: 'DELETE', sequence: sequenceAt(3), row: rows[2]! }));
  const index = indexOf('shop.orders.live');
  await client.indices.refresh({ index });
  const found = async (query: object): Promise<unknown[]> =>
    (await client.search<{ id: number }>({ index, query, sort: 'id' })).hits.hits.map(
      ({ _source }) => _source?.id,
    );
  expect(await found({ match_all: {} })).toEqual([1, 2]);
  expect(await found({ range: { total: { gt: 15 } } })).toEqual([2]);
  expect(await found({ term: { 'note.keyword': 'note 1' } })).toEqual([1]);
  expect(await found({ match: { note: 'NOTE' } })).toEqual([1, 2]);
});

test('workers that announce a table at once make one index; a wider table gives it more fields', async () => {
  const other = worker();
  const narrow = topicOf();
  expect(await Promise.all([sink, other].map((each) => write(each, narrow.schema(sequenceAt(1)))))).toEqual([
    ['applied'],
    ['applied'],
  ]);
  const wide = topicOf({
    columns: [id, ...Array.from({ length: 600 }, (_, index) => column(`c${index}`, 'varchar(9)'))],
  });
  expect(await Promise.all([sink, other].map((each) => write(each, wide.schema(sequenceAt(2)))))).toEqual([
    ['applied'],
    ['applied'],
  ]);
  const answer = await client.indices.getMapping({ index: indexOf() });
  expect(Object.keys(Object.values(answer)[0]?.mappings.properties ?? {})).toHaveLength(602);
});

test('the floor of a truncate holds for a worker that starts later, and never falls', async () => {
  const topic = topicOf();
  await write(sink, topic.schema(sequenceAt(1)));
  await write(sink, ...Array.from({ length: 4500 }, (_, step) => insert(topic, 10 + step)));
  expect(await write(sink, topic.truncate(sequenceAt(5000)))).toEqual(['applied']);
  expect(await write(sink, topic.truncate(sequenceAt(4000)))).toEqual(['applied']);
  const { count } = await client.count({ index: indexOf('shop.orders.live') });
  expect(count).toBe(0);
  const later = worker();
  expect(await write(later, insert(topic, 4999), insert(topic, 5000))).toEqual(['stale', 'applied']);
});

test('a replay does not bring back a row that another process has truncated', async () => {
  const topic = topicOf();
  await write(sink, topic.schema(sequenceAt(1)));
  await write(sink, insert(topic, 9));
  const other = worker();
  await write(other, topic.truncate(sequenceAt(5)));
  expect(await sink.write([insert(topic, 3)], never, 'replay')).toEqual([{ kind: 'stale' }]);
});

test('deletes are forgotten once they are old, and rows never', async () => {
  const topic = topicOf();
  const change = (operation: 'INSERT' | 'DELETE', step: number, key: number): Delivery =>
    topic.row({ operation, sequence: sequenceAt(step), row: { id: key } });
  await write(sink, topic.schema(sequenceAt(1)));
  await write(sink, change('INSERT', 10, 1), change('INSERT', 11, 2));
  await write(sink, change('DELETE', 12, 1));
  const held = async (): Promise<string[]> => {
    await client.indices.refresh({ index: indexOf() });
    const { hits } = await client.search({ index: indexOf(), sort: '_doc' });
    return hits.hits.map(({ _id = '' }) => _id).toSorted((a, b) => (a < b ? -1 : 1));
  };
  expect(await sink.purge(new Date(Date.now() - 60_000), never)).toBe(0);
  expect(await held()).toEqual(['{"id":1}', '{"id":2}']);
  expect(await sink.purge(new Date(Date.now() + 60_000), never)).toBe(1);
  expect(await held()).toEqual(['{"id":2}']);
  expect(await write(sink, change('INSERT', 20, 1), change('INSERT', 11, 2))).toEqual(['applied', 'stale']);
});

test('a restarted node, which has forgotten the versions of what is gone, does not bring a deleted row back', async () => {
  const topic = topicOf();
  const index = indexOf();
  const insert = topic.row({ operation: 'INSERT', sequence: sequenceAt(10), row: { id: 1 } });
  await write(sink, topic.schema(sequenceAt(1)), insert);
  await write(sink, insert);
  await write(sink, topic.row({ operation: 'DELETE', sequence: sequenceAt(11), row: { id: 1 } }));
  // What a restart does to an index: its engine is closed and opened, and no deleted version is remembered.
  await client.indices.putSettings({ index, settings: { 'index.gc_deletes': '0s' } });
  await client.indices.close({ index });
  await client.indices.open({ index, wait_for_active_shards: 1 });
  expect(await write(sink, insert)).toEqual(['stale']);
  await client.indices.refresh({ index });
  expect((await client.count({ index: `${index}.live` })).count).toBe(0);
});
