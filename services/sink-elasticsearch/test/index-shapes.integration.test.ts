import type { JsonValue } from '@sluice/envelope';
import { sequenceAt } from '@sluice/sink-kit/testing';
import { expect, test } from 'vitest';
import {
  clusterFixture,
  column,
  id,
  insert,
  never,
  topicOf,
  write,
  type TableOf,
} from './cluster-fixture.ts';

const { client, index: indexOf, worker, documents } = await clusterFixture();

test.each<[string, TableOf, TableOf]>([
  ['letter case', { table: 'orders' }, { table: 'Orders' }],
  ['dots', { database: 'a.b', table: 'c' }, { database: 'a', table: 'b.c' }],
  ['the alias of another', { table: 'orders' }, { table: 'orders.live' }],
])('of two tables with one index by %s the second waits, in every process', async (_, one, two) => {
  const [first, second] = [topicOf(one), topicOf(two)];
  const sink = worker();
  // Two names, of which the one is the other's alias, may come in either order; one name is the first's to ask.
  const announced = [first, second].map((topic) => () => write(sink, topic.schema(sequenceAt(1))));
  const both =
    two.table === 'orders.live'
      ? [await announced[0]?.(), await announced[1]?.()]
      : await Promise.all(announced.map((announce) => announce()));
  expect(both[0]).toEqual(['applied']);
  expect(both[1]?.[0]).toMatch(/^ELASTICSEARCH_INDEX_REFUSED: .*would share index .* delete the index$/);
  for (const step of [4, 7]) {
    const other = worker();
    const late = [second.schema(sequenceAt(1)), insert(second, 3, {})];
    for (const delivery of late)
      expect((await write(other, delivery))[0]).toMatch(/^ELASTICSEARCH_INDEX_REF/);
    // Nor does what is said of the one table concern the other.
    await write(other, insert(first, step, {}), insert(first, step + 1, {}));
    await write(other, second.truncate(sequenceAt(90)));
    expect(await write(other, insert(first, step + 2, {}))).toEqual(['applied']);
  }
  const index = indexOf(`${one.database ?? 'shop'}.${one.table}`);
  expect(Object.keys(await documents(index)).sort()).toEqual(
    [4, 5, 6, 7, 8, 9].map((key) => `{"id":${key}}`),
  );
});

test('rows of two tables with one index are told apart, also where no schema record and one batch brings them', async () => {
  const [first, second] = [topicOf({ table: 'orders' }), topicOf({ table: 'Orders' })];
  await write(worker(), first.schema(sequenceAt(1)));
  await write(worker(), insert(first, 2, {}));
  const both = await write(worker(), insert(first, 3, {}), insert(second, 4, {}));
  expect(both[0]).toBe('applied');
  expect(both[1]).toMatch(
    /^ELASTICSEARCH_INDEX_REFUSED: table "Orders" .* share index .* with table "orders" /,
  );
  // One process that knows of neither, and meets what is said of the second one alone.
  const other = worker();
  const end = { phase: 'end', job: 'j', reconcile: true, since: sequenceAt(90), partitions: 1 } as const;
  await write(other, second.truncate(sequenceAt(80)));
  await write(other, second.snapshotMark(sequenceAt(91), end));
  await other.keep(second.snapshotMark(sequenceAt(91), end), ['{"id":3}'], sequenceAt(90), never);
  expect((await write(other, insert(second, 95, {})))[0]).toMatch(/^ELASTICSEARCH_INDEX_REFUSED/);
  expect(await other.purge(new Date(), never)).toBe(0);
  expect(await write(worker(), insert(first, 5, {}))).toEqual(['applied']);
  const rows = Object.keys(await documents(indexOf('shop.orders.live'))).sort();
  expect(rows).toEqual(['{"id":2}', '{"id":3}', '{"id":5}']);
});

test('deletes that another table remembers in an index are not forgotten for it', async () => {
  const [first, second] = [topicOf({ table: 'orders' }), topicOf({ table: 'Orders' })];
  await write(worker(), first.schema(sequenceAt(1)));
  await write(worker(), first.row({ operation: 'DELETE', sequence: sequenceAt(9), row: { id: 1 } }));
  const other = worker();
  expect((await write(other, insert(second, 8, {})))[0]).toMatch(/^ELASTICSEARCH_INDEX_REFUSED/);
  const later = new Date(Date.now() + 60_000);
  expect(await other.purge(later, never)).toBe(0);
  const late = first.row({ operation: 'INSERT', sequence: sequenceAt(8), row: { id: 1 } });
  expect(await write(worker(), late)).toEqual(['stale']);
});

test('another pipeline, or sink of it, that has a table of the same name waits', async () => {
  const topic = topicOf();
  expect(await write(worker('one'), topic.schema(sequenceAt(1)))).toEqual(['applied']);
  expect((await write(worker('two'), topic.schema(sequenceAt(1))))[0]).toMatch(
    /^ELASTICSEARCH_INDEX_REFUSED/,
  );
  expect((await write(worker('one', undefined, 'search'), topic.schema(sequenceAt(1))))[0]).toMatch(
    /^ELASTICSEARCH_INDEX_REFUSED.*\(topics "one", sink search\) would share/,
  );
});

test('a table renamed in letter case only has the index from then on', async () => {
  const [old, renamed] = [topicOf({ table: 'Items' }), topicOf({ table: 'items' })];
  const sink = worker();
  await write(sink, old.schema(sequenceAt(1)));
  await write(sink, insert(old, 2, {}), insert(old, 3, {}));
  expect((await write(sink, renamed.schema(sequenceAt(11), { change: 'create' })))[0]).toMatch(/would share/);
  expect(await write(sink, old.schema(sequenceAt(10), { change: 'rename', policy: 'apply' }))).toEqual([
    'applied',
  ]);
  expect(await write(sink, old.truncate(sequenceAt(10)))).toEqual(['applied']);
  expect(await write(sink, renamed.schema(sequenceAt(11), { change: 'create' }))).toEqual(['applied']);
  await write(sink, insert(renamed, 12, {}), insert(renamed, 13, {}));
  // What is late of the old name, or read again, is stale.
  const other = worker();
  expect(await write(other, old.schema(sequenceAt(1)))).toEqual(['applied']);
  expect(await write(other, insert(old, 4, {}))).toEqual(['stale']);
  expect(await write(other, old.truncate(sequenceAt(10)))).toEqual(['applied']);
  expect(Object.keys(await documents(indexOf('shop.items.live'))).sort()).toEqual(['{"id":12}', '{"id":13}']);
});

test.each<[string, string, JsonValue, JsonValue]>([
  ['varchar(20)', 'json', 'text', { a: { b: [1] } }],
  ['int', 'json', 7, { a: 1 }],
  ['int', 'varchar(20)', 7, 'abc'],
  ['date', 'varchar(20)', '2026-01-02', 'no date'],
  ['json', 'varchar(20)', '7', 'abc'],
  ['int', 'bigint', 7, '9007199254740993'],
  ['tinyint', 'int', 7, 70000],
])(
  '%s to %s: the rows stay, those of the new kind come in and are found',
  async (from, to, before, after) => {
    const of = (type: string, partition: number) =>
      topicOf({ columns: [id, column('v', type), column('exact', 'json')], partition });
    const [left, right] = [worker(), worker()];
    for (const [partition, sink] of [left, right].entries())
      await write(sink, of(from, partition).schema(sequenceAt(1)));
    await write(
      left,
      ...Array.from({ length: 450 }, (_, at) => insert(of(from, 0), 10 + at, { v: before, exact: 1 })),
    );
    await write(left, of(from, 0).row({ operation: 'DELETE', sequence: sequenceAt(600), row: { id: 11 } }));
    const change = { change: 'breaking', policy: 'alert', partitions: 2 } as const;
    const isOther = !['bigint'].includes(to);
    const first = await write(left, of(to, 0).schema(sequenceAt(700), change));
    if (isOther) expect(first[0]).toMatch(/^ELASTICSEARCH_INDEX_WAITS/);
    // The other partition is not there yet: its rows of before are welcome.
    expect(await write(right, insert(of(from, 1), 650, { v: before, exact: 2 }))).toEqual(['applied']);
    expect(await write(right, of(to, 1).schema(sequenceAt(700), change))).toEqual(['applied']);
    expect(await write(left, of(to, 0).schema(sequenceAt(700), change))).toEqual(['applied']);
    expect(await write(left, insert(of(to, 0), 701, { v: after, exact: 3 }))).toEqual(['applied']);
    // Versions and deletes are what they were.
    expect(await write(left, insert(of(to, 0), 11, { v: after, exact: 4 }))).toEqual(['stale']);
    expect(
      await write(
        left,
        of(to, 0).row({ operation: 'UPDATE', sequence: sequenceAt(10), row: { id: 10, v: after } }),
      ),
    ).toEqual(['stale']);
    // A shape that is read again changes nothing.
    expect(await write(left, of(from, 0).schema(sequenceAt(1)))).toEqual(['applied']);
    const index = indexOf();
    const found = await documents(`${index}.live`);
    expect(Object.keys(found)).toHaveLength(451);
    expect(found['{"id":701}']).toMatchObject({ v: after });
    expect(found['{"id":12}']).toMatchObject({ v: before });
    expect(Object.keys(await client.indices.get({ index: `${index}*` }))).toHaveLength(1);
    expect(await write(left, of(to, 0).truncate(sequenceAt(800)))).toEqual(['applied']);
    expect(await documents(`${index}.live`)).toEqual({});
  },
);

test('a document is moved digit for digit; only a value that its new field refuses is left out', async () => {
  const of = (type: string) => topicOf({ columns: [id, column('v', type), column('doc', 'json')] });
  const sink = worker();
  await write(sink, of('json').schema(sequenceAt(1)));
  const doc = '{"big":18446744073709551615,"float":1.0,"exp":1e2,"10":1,"9":2}';
  const plain = insert(of('json'), 5, { v: { a: 1 }, doc: 'DOC' });
  const value = Buffer.from(Buffer.from(plain.value).toString().replaceAll('"DOC"', doc));
  await write(
    sink,
    { ...plain, value },
    {
      ...insert(of('json'), 6, { v: 's', doc: 'DOC' }),
      value: Buffer.from(value.toString().replace('{"a":1}', '"s"')),
    },
  );
  await write(sink, of('varchar(9)').schema(sequenceAt(10), { change: 'breaking', partitions: 1 }));
  const index = indexOf();
  expect(await documents(index)).toMatchObject({ '{"id":6}': { v: 's' } });
  expect((await documents(index))['{"id":5}']).not.toHaveProperty('v');
  for (const key of ['{"id":5}', '{"id":6}']) {
    const raw = await client.transport.request<NodeJS.ReadableStream>(
      { method: 'GET', path: `/${encodeURIComponent(index)}/_source/${encodeURIComponent(key)}` },
      { asStream: true },
    );
    let text = '';
    for await (const piece of raw) text += String(piece);
    expect(text).toContain(doc);
  }
  // And once more, where the name is an alias already.
  await write(sink, of('int').schema(sequenceAt(20), { change: 'breaking', partitions: 1 }));
  expect(await write(sink, insert(of('int'), 21, { v: 7, doc: null }))).toEqual(['applied']);
  expect(Object.keys(await documents(index))).toHaveLength(3);
});

const MADE_BY_HAND = { mappings: { properties: { v: { type: 'keyword' }, id: { type: 'long' } } } } as const;

test('a field that somebody has made by hand stays as it is', async () => {
  const index = indexOf();
  await client.indices.create({ index, ...MADE_BY_HAND });
  const sink = worker();
  for (const [step, type] of [
    [1, 'varchar(9)'],
    [2, 'text'],
    [3, 'date'],
  ] as const)
    expect(await write(sink, topicOf({ columns: [id, column('v', type)] }).schema(sequenceAt(step)))).toEqual(
      ['applied'],
    );
  const [found] = Object.values(await client.indices.getMapping({ index }));
  expect(found?.mappings.properties?.['v']).toEqual({ type: 'keyword' });
});

/** Names of metadata fields of Elasticsearch 8, and of others that its mappings have rules for. */
test.each([
  '_id',
  '_index',
  '_source',
  '_routing',
  '_ignored',
  '_field_names',
  '_version',
  '_seq_no',
  '_primary_term',
  '_doc_count',
  '_tier',
  '_type',
  '_nested_path',
  '_feature',
  '_size',
  '_data_stream_timestamp',
  '_ignored_source',
  '_sluice',
  '.',
  'a.',
  '.a',
  'a..b',
  'a b',
  ''.padEnd(64, 'x'),
])('a column named %j is in the documents, or the table waits by its name', async (name) => {
  const topic = topicOf({ columns: [id, column(name, 'varchar(20)')] });
  const sink = worker();
  const [announced = ''] = await write(sink, topic.schema(sequenceAt(1)));
  if (announced === 'applied') {
    expect(await write(sink, insert(topic, 2, { [name]: 'x' }))).toEqual(['applied']);
    expect(await documents(indexOf())).toMatchObject({ '{"id":2}': { [name]: 'x' } });
  } else expect(announced).toMatch(/^ELASTICSEARCH_INDEX_REFUSED/);
});

test('a table whose column is left out since has its index by the record behind the refused one', async () => {
  const [old, corrected] = [[id, column('_id', 'varchar(20)')], [id]].map((columns) => topicOf({ columns }));
  if (old === undefined || corrected === undefined) throw new RangeError('two shapes');
  const sink = worker();
  expect((await write(sink, old.schema(sequenceAt(1))))[0]).toMatch(/no field named _id/);
  // Found further on by the kit.
  expect(await write(sink, corrected.schema(sequenceAt(10), { change: 'create' }))).toEqual(['applied']);
  expect(await write(sink, old.schema(sequenceAt(1)))).toEqual(['applied']);
  expect(await write(sink, insert(old, 2, { _id: 'x', v: 1 }), insert(corrected, 12))).toEqual([
    'applied',
    'applied',
  ]);
  expect(await documents(indexOf())).toEqual({
    '{"id":2}': { id: 2, v: 1, _sluice: null },
    '{"id":12}': { id: 12, _sluice: null },
  });
});
