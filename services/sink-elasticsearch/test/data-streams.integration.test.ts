import { sequenceAt } from '@sluice/sink-kit/testing';
import { expect, onTestFinished, test } from 'vitest';
import { clusterFixture, insert, topicOf, write } from './cluster-fixture.ts';

/** Documents of a data stream cannot be written again by their ids: no table has one for its index. */

const { client, node, index: indexOf, worker } = await clusterFixture();
const topic = topicOf();

test.each([
  ['that a table is named by', 'shop.orders', {}],
  ['of the settings', 'found', { indexes: { 'shop.orders': { name: 'found' } } }],
])(
  'a name %s that fits a template for data streams is refused, with the template',
  async (_, name, settings) => {
    const index = indexOf(name);
    const sink = worker('test', node, null, settings);
    const streams = { name: index, index_patterns: [`${index}*`], priority: 500, data_stream: {} };
    await client.indices.putIndexTemplate(streams);
    onTestFinished(() =>
      client.indices.deleteIndexTemplate({ name: index }, { ignore: [404] }).then(() => undefined),
    );
    expect((await write(sink, topic.schema(sequenceAt(1))))[0]).toMatch(
      /^ELASTICSEARCH_INDEX_REFUSED: .*it matches with template \[\S+\] that creates data streams only.* take the name out of `index_patterns` of that template, or give the table another name, by `indexes`/,
    );
    await client.indices.deleteIndexTemplate({ name: index });
    expect(await write(sink, topic.schema(sequenceAt(1)))).toEqual(['applied']);
    expect(await write(sink, insert(topic, 2))).toEqual(['applied']);
  },
);
