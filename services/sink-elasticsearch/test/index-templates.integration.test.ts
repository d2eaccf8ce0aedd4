import { createLogger, parseConfig } from '@sluice/runtime';
import { sequenceAt } from '@sluice/sink-kit/testing';
import { expect, onTestFinished, test } from 'vitest';
import { examineStore } from '../src/doctor.ts';
import { clusterFixture, column, id, insert, never, topicOf, write } from './cluster-fixture.ts';

/** Index templates of the cluster's owner reach every index whose name fits. */

const { client, node, index: indexOf, worker, documents } = await clusterFixture();

test('documents keep their rows under a template that stores none', async () => {
  const index = indexOf('shop.orders');
  await template(index, { mappings: { _source: { enabled: false }, dynamic: 'strict' } });
  const topic = topicOf({ columns: [id, column('v', 'int')] });
  const sink = worker();
  expect(await write(sink, topic.schema(sequenceAt(1)))).toEqual(['applied']);
  expect(await write(sink, insert(topic, 2, { v: 7 }))).toEqual(['applied']);
  expect(await documents(index)).toMatchObject({ '{"id":2}': { v: 7 } });
});

test('an index that somebody has made without stored rows is refused', async () => {
  const index = indexOf('shop.orders');
  await client.indices.create({ index, mappings: { _source: { enabled: false } } });
  expect((await write(worker(), topicOf().schema(sequenceAt(1))))[0]).toMatch(
    /^ELASTICSEARCH_INDEX_REFUSED: .*_source/,
  );
});

test('a pipeline that is not there is named, and no row is at fault', async () => {
  const index = indexOf('shop.orders');
  await template(index, { settings: { 'index.default_pipeline': 'gone' } });
  const sink = worker();
  expect(await write(sink, topicOf().schema(sequenceAt(1)))).toEqual(['applied']);
  expect((await write(sink, insert(topicOf(), 2)))[0]).toMatch(
    /^ELASTICSEARCH_INDEX_REFUSED: .*: pipeline with id \[gone\] does not exist: put it back, or take it from/,
  );
  await client.indices.putSettings({ index, settings: { 'index.default_pipeline': '_none' } });
  expect(await write(sink, insert(topicOf(), 2))).toEqual(['applied']);
});

test('of a mapping that asks for a routing value no row is at fault', async () => {
  const index = indexOf('shop.orders');
  await template(index, { mappings: { _routing: { required: true } } });
  const sink = worker();
  expect(await write(sink, topicOf().schema(sequenceAt(1)))).toEqual(['applied']);
  expect((await write(sink, insert(topicOf(), 2)))[0]).toMatch(
    /^ELASTICSEARCH_INDEX_REFUSED: .*: its mapping asks for a routing value, and rows have none/,
  );
});

test('what a template gives an index stays beside what the sink says of it', async () => {
  const index = indexOf('shop.orders');
  const column_ = column('v', 'varchar(9)');
  await template(index, {
    settings: {
      number_of_shards: 3,
      number_of_replicas: 1,
      'index.refresh_interval': '5s',
      'index.mapping.ignore_malformed': false,
    },
    mappings: {
      dynamic: 'strict',
      properties: {
        v: { type: 'text', fields: { raw: { type: 'keyword' } } },
        more: { type: 'keyword' },
      },
    },
    aliases: { [indexOf('readers')]: {} },
  });
  const topic = topicOf({ columns: [id, column_] });
  const sink = worker();
  expect(await write(sink, topic.schema(sequenceAt(1)))).toEqual(['applied']);
  expect(await write(sink, insert(topic, 2, { v: 'x' }))).toEqual(['applied']);
  const { [index]: made } = await client.indices.get({ index });
  expect(made?.settings?.index).toMatchObject({
    number_of_shards: '1',
    number_of_replicas: '0',
    refresh_interval: '5s',
    mapping: { ignore_malformed: 'true' },
  });
  expect(made?.mappings).toMatchObject({ dynamic: 'false' });
  expect(made?.mappings?.properties).toMatchObject({
    more: { type: 'keyword' },
    v: { type: 'text', fields: { keyword: { type: 'keyword' } } },
  });
  expect(Object.keys(made?.aliases ?? {}).sort()).toEqual([indexOf('readers'), `${index}.live`].sort());
});

test('a write is on disk when it is acknowledged, whatever a template says or somebody has set since', async () => {
  const index = indexOf('shop.orders');
  const durability = async (): Promise<unknown> => {
    const answer = await client.indices.getSettings({ index, name: 'index.translog.durability' });
    return answer[index]?.settings?.index?.translog?.durability;
  };
  await template(index, { settings: { 'index.translog.durability': 'async' } });
  expect(await write(worker(), topicOf().schema(sequenceAt(1)))).toEqual(['applied']);
  expect(await durability()).toBe('request');
  await client.indices.putSettings({ index, settings: { 'index.translog.durability': 'async' } });
  const examined = await examineStore({
    config: parseConfig(configOf(), {}),
    sink: 'elasticsearch',
    signal: never,
    log: createLogger('test', { level: 'silent' }),
  });
  expect(examined.filter(({ setting }) => setting.includes('translog'))).toMatchObject([
    { setting: `index.translog.durability of ${index}`, found: 'async' },
  ]);
  expect(await write(worker(), insert(topicOf(), 2))).toEqual(['applied']);
  expect(await durability()).toBe('request');
});

function configOf(): string {
  return JSON.stringify({
    pipeline: 'test',
    source: { host: 'nowhere', user: 'nobody', tables: ['shop.*'] },
    kafka: { brokers: ['nowhere:9092'] },
    sinks: { elasticsearch: { node, indexPrefix: indexOf('') } },
  });
}

async function template(index: string, body: Record<string, unknown>): Promise<void> {
  await client.indices.putIndexTemplate({
    name: index,
    index_patterns: [`${index}*`],
    priority: 500,
    template: body,
  });
  onTestFinished(async () => {
    await client.indices.delete({ index: `${index}` }, { ignore: [404] });
    await client.indices.deleteIndexTemplate({ name: index });
  });
}
