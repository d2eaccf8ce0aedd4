import { sequenceAt } from '@sluice/sink-kit/testing';
import { expect, onTestFinished, test } from 'vitest';
import { clusterFixture, column, id, insert, topicOf, write } from './cluster-fixture.ts';

/** Index templates of the cluster's owner reach every index whose name fits. */

const { client, index: indexOf, worker, documents } = await clusterFixture();

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

test('a pipeline that is not there is named', async () => {
  const index = indexOf('shop.orders');
  await template(index, { settings: { 'index.default_pipeline': 'gone' } });
  const sink = worker();
  expect(await write(sink, topicOf().schema(sequenceAt(1)))).toEqual(['applied']);
  expect((await write(sink, insert(topicOf(), 2)))[0]).toMatch(/: pipeline with id \[gone\] does not exist/);
});

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
