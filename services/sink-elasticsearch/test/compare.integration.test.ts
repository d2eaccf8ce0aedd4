import { randomUUID } from 'node:crypto';
import { Client } from '@elastic/elasticsearch';
import { startStack } from '@sluice/local-stack';
import { afterAll, expect, test } from 'vitest';
import { openStore } from '../src/compare.ts';

type ComparedTable = Parameters<Awaited<ReturnType<typeof openStore>>['open']>[0];

const stack = await startStack({ servers: ['elasticsearch'] });
const client = new Client({ node: stack.elasticsearch.node });
afterAll(async () => {
  await client.close();
  await stack.stop();
});

test('a server that does not answer is a reason with a code, and no error of the client', async () => {
  const store = await openStore(
    { node: 'http://127.0.0.1:1', indexPrefix: '', indexes: {} },
    'sinks.elasticsearch',
  );
  const table = { database: 'shop', table: 'orders', columns: [], key: [] } as unknown as ComparedTable;
  await expect(store.open(table)).rejects.toMatchObject({ code: 'ELASTICSEARCH_UNAVAILABLE' });
  await store.close();
});

test('what Elasticsearch refuses is an error, and no row that is missing', async () => {
  const indexPrefix = `${randomUUID()}-`;
  const index = `${indexPrefix}shop.orders`;
  const column = {
    name: 'id',
    columnType: 'int',
    shown: true,
  } as unknown as ComparedTable['columns'][number];
  const table = {
    database: 'shop',
    table: 'orders',
    columns: [column],
    key: [0],
  } as unknown as ComparedTable;
  const target = { node: stack.elasticsearch.node, indexPrefix, indexes: {} };
  const store = await openStore(target, 'sinks.elasticsearch');

  const empty = await store.open(table);
  expect(await empty.fetchStored(['{"id":1}']), 'an index that is not there').toEqual([null]);
  await client.index({ index, id: '{"id":1}', document: { id: 1 }, refresh: true });
  const sink = await store.open(table);
  await client.indices.close({ index });
  const refused = { code: expect.stringMatching(/^ELASTICSEARCH_/) as string };
  await expect(sink.identities()[Symbol.asyncIterator]().next()).rejects.toMatchObject(refused);
  await expect(store.open(table)).rejects.toMatchObject(refused);
  await client.indices.delete({ index });
  await store.close();
});
