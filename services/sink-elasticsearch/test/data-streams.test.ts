import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Client } from '@elastic/elasticsearch';
import { expect, onTestFinished, test } from 'vitest';
import { IndexPlaces } from '../src/index-places.ts';

/** The cluster of the tests has no module for data streams: this one answers as others do (Elasticsearch guide, "Get index API"). */
async function clusterWith(index: string): Promise<Client> {
  const backing = `.ds-${index}-2026.11.30-000001`;
  const server = createServer((request, response) => {
    const isIndex = request.url?.startsWith(`/${index}`) === true;
    const isDocument = request.url?.includes('/_doc/') === true;
    const headers = { 'x-elastic-product': 'Elasticsearch', 'content-type': 'application/json' };
    response.writeHead(isDocument ? 404 : 200, headers);
    response.end(JSON.stringify(isIndex ? { [backing]: { aliases: {}, data_stream: index } } : {}));
  });
  await new Promise<void>((done) => void server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as AddressInfo;
  const asked = new Client({ node: `http://127.0.0.1:${port}`, maxRetries: 0 });
  onTestFinished(async () => {
    await asked.close();
    server.close();
  });
  return asked;
}

test.each([
  ['shop.orders', {}],
  ['found', { 'shop.orders': { name: 'found' } }],
])('a data stream %s is refused, with the setting', async (name, indexes) => {
  const settings = { indexPrefix: '', indexes };
  const context = { section: 'sinks.search', named: 'search', prefix: 'test' };
  const places = new IndexPlaces(await clusterWith(name), settings, context);
  expect(await places.refusalOf({ database: 'shop', table: 'orders' })).toMatchObject({
    code: 'ELASTICSEARCH_INDEX_REFUSED',
    errorClass: 'schema',
    message: `the rows of shop.orders cannot be in ${name}: that is a data stream, whose documents cannot be changed or deleted by their ids. Give the table another name, by sinks.search.indexes["shop.orders"].name, or take away what is there`,
  });
});
