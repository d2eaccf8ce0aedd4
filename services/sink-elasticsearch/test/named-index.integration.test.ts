import { createLogger, parseConfig, type PreflightProblem } from '@sluice/runtime';
import { sequenceAt } from '@sluice/sink-kit/testing';
import { expect, test } from 'vitest';
import { examineStore } from '../src/doctor.ts';
import { clusterFixture, column, id, insert, never, topicOf, write } from './cluster-fixture.ts';

/** `indexes` of a section: tables whose indexes have names of their own. */

const { client, node, index: indexOf, worker, documents } = await clusterFixture();

const ORDERS = 'shop.orders';
const named = (name: string, table = ORDERS) => ({ indexes: { [table]: { name } } });
const sinkOf = (settings: object, prefix = 'test') => worker(prefix, node, null, settings);
const topic = topicOf();
const schema = (step: number) => topic.schema(sequenceAt(step));
const RENAMED = /^ELASTICSEARCH_INDEX_RENAMED: /;

async function indexes(): Promise<readonly string[]> {
  const found = await client.indices.get({ index: `${indexOf('')}*` });
  const all = Object.keys(found).map((name) => name.replace(indexOf(''), ''));
  return all.filter((name) => name !== 'sluice-state').sort();
}

async function examined(settings: object): Promise<readonly PreflightProblem[]> {
  const config = {
    pipeline: 'test',
    source: { host: 'nowhere', user: 'nobody', tables: ['shop.*'] },
    kafka: { brokers: ['nowhere:9092'] },
    topics: { prefix: 'test' },
    sinks: { elasticsearch: { node, indexPrefix: indexOf(''), ...settings } },
  };
  const problems = await examineStore({
    config: parseConfig(JSON.stringify(config), {}),
    sink: 'elasticsearch',
    signal: never,
    log: createLogger('test', { level: 'silent' }),
  });
  return problems.filter(({ setting }) => setting.includes('indexes'));
}

test('an index with a name of its own has the rows of its table, also when its fields change kind', async () => {
  const of = (type: string) => topicOf({ columns: [id, column('v', type)] });
  const sink = sinkOf(named('found'));
  expect(await write(sink, of('int').schema(sequenceAt(1)))).toEqual(['applied']);
  await write(sink, insert(of('int'), 2, { v: 7 }), insert(of('int'), 3, { v: 8 }));
  expect(await indexes()).toEqual(['found']);
  const change = { change: 'breaking', policy: 'apply', partitions: 1 } as const;
  expect(await write(sink, of('varchar(9)').schema(sequenceAt(4), change))).toEqual(['applied']);
  expect(await write(sink, insert(of('varchar(9)'), 5, { v: 'x' }))).toEqual(['applied']);
  expect(await indexes()).toEqual([`found%v${sequenceAt(4)}`]);
  expect(await documents(indexOf('found.live'))).toMatchObject({
    '{"id":2}': { v: 7 },
    '{"id":5}': { v: 'x' },
  });
  expect(await write(sink, topic.truncate(sequenceAt(6)))).toEqual(['applied']);
  expect(await documents(indexOf('found.live'))).toEqual({});
  expect(await write(sinkOf(named('found')), insert(of('varchar(9)'), 5, { v: 'x' }))).toEqual(['stale']);
});

test.each([
  ['a name in the place of the table’s', {}, named('found'), ORDERS, 'found'],
  ['another name', named('found'), named('other'), 'found', 'other'],
  ['none any more', named('found'), {}, 'found', ORDERS],
])(
  'another name than the one of before is refused, and its fix fills the new index: %s',
  async (_, before, after, old, next) => {
    await sinkOf(before).open(never);
    expect(await write(sinkOf(before), schema(1))).toEqual(['applied']);
    expect(await write(sinkOf(before), insert(topic, 2), insert(topic, 3))).toEqual(['applied', 'applied']);
    const end = { phase: 'end', job: 'j', reconcile: true, since: sequenceAt(4), partitions: 1 } as const;
    const sink = sinkOf(after);
    const all = [schema(4), insert(topic, 5), topic.truncate(sequenceAt(6))];
    for (const each of [...all, topic.snapshotMark(sequenceAt(7), end)])
      expect((await write(sink, each))[0]).toMatch(RENAMED);
    await expect(sink.keep(topic.snapshotMark(sequenceAt(7), end), ['{"id":2}'], sequenceAt(4), never))
      .rejects //
      .toMatchObject({ code: 'ELASTICSEARCH_INDEX_RENAMED', errorClass: 'schema' });
    expect(await indexes()).toEqual([old]);
    if ('indexes' in after) expect(await examined(after)).toHaveLength(1);
    expect(await examined(before)).toEqual([]);

    // Set back, it goes on where it was.
    expect(await write(sinkOf(before), insert(topic, 8))).toEqual(['applied']);

    const [message = ''] = await write(sink, insert(topic, 9));
    const [, path = ''] =
      / DELETE (\/\S+) and run: sluice snapshot start --table shop\.orders --reconcile$/.exec(message) ?? [];
    await client.transport.request({ method: 'DELETE', path });
    expect((await write(sink, insert(topic, 9)))[0]).toMatch(/^ELASTICSEARCH_INDEX_MISSING: /);
    expect(await write(sink, schema(10))).toEqual(['applied']);
    expect(await write(sink, insert(topic, 11))).toEqual(['applied']);
    expect(await indexes()).toEqual([next]);
    expect(await write(sinkOf(after), insert(topic, 12))).toEqual(['applied']);
    expect((await write(sinkOf(before), insert(topic, 13)))[0]).toMatch(RENAMED);
  },
);

test('one pipeline’s name is not another’s, and a table that is dropped leaves its index to the next', async () => {
  await write(sinkOf(named('found')), schema(1));
  await write(sinkOf(named('found')), insert(topic, 2));
  const items = topicOf({ table: 'items' });
  const other = sinkOf(named('found', 'shop.items'));
  for (const sink of [other, sinkOf(named('found', 'shop.items'), 'other')])
    expect((await write(sink, items.schema(sequenceAt(3))))[0]).toMatch(
      /^ELASTICSEARCH_INDEX_REFUSED: .*would share index \S+found with table "orders" /,
    );
  // Nor does the name of a table come to it by its alias.
  const live = topicOf({ database: 'found', table: 'live' });
  expect((await write(sinkOf({}), live.schema(sequenceAt(3))))[0]).toMatch(/^ELASTICSEARCH_INDEX_REFUSED: /);
  const drop = topic.schema(sequenceAt(4), { change: 'drop', policy: 'apply' });
  expect(await write(sinkOf(named('found')), drop)).toEqual(['applied']);
  expect(await write(other, items.schema(sequenceAt(5)))).toEqual(['applied']);
});

test('documents that no sink has written are not taken for rows, and an index that is made ready is', async () => {
  const index = indexOf('found');
  await client.indices.create({ index, mappings: { properties: { mine: { type: 'keyword' } } } });
  await client.index({ index, document: { mine: 'x' }, id: '1', refresh: true });
  const sink = sinkOf(named('found'));
  for (const each of [schema(1), insert(topic, 2)])
    expect((await write(sink, each))[0]).toMatch(
      /^ELASTICSEARCH_INDEX_REFUSED: the rows of shop\.orders cannot be in \S+found: \S+found has 1 documents .* by sinks\.elasticsearch\.indexes\["shop\.orders"\]\.name, or take/,
    );
  expect(await examined(named('found'))).toMatchObject([
    { setting: 'sinks.elasticsearch.indexes["shop.orders"].name' },
  ]);
  await client.delete({ index, id: '1', refresh: true });
  expect(await write(sink, schema(3))).toEqual(['applied']);
  expect(await write(sink, insert(topic, 4))).toEqual(['applied']);
  const { [index]: made } = await client.indices.getMapping({ index });
  expect(made?.mappings.properties).toMatchObject({ mine: { type: 'keyword' }, id: { type: 'long' } });
  expect(await write(sinkOf(named('found')), insert(topic, 5))).toEqual(['applied']);
});

test('an alias of several indexes is no place for a table', async () => {
  for (const each of ['one', 'two'])
    await client.indices.create({ index: indexOf(each), aliases: { [indexOf('found')]: {} } });
  expect((await write(sinkOf(named('found')), schema(1)))[0]).toMatch(
    /^ELASTICSEARCH_INDEX_REFUSED: .* that is an alias of 2 indexes/,
  );
});
