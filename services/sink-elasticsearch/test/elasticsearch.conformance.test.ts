import { randomUUID } from 'node:crypto';
import { Client } from '@elastic/elasticsearch';
import type { Row } from '@sluice/envelope';
import { startStack } from '@sluice/local-stack';
import { createLogger } from '@sluice/runtime';
import {
  describeSinkConformance,
  itemRow,
  type SinkHarness,
  type SinkSubject,
} from '@sluice/sink-kit/testing';
import { afterAll } from 'vitest';
import { elasticsearchSchema } from '../src/config.ts';
import { documentId } from '../src/elasticsearch-mapper.ts';
import { ElasticsearchSink } from '../src/elasticsearch-sink.ts';
import { tableIndex } from '../src/table-index.ts';

const stack = await startStack({ servers: ['elasticsearch'] });
afterAll(() => stack.stop());
const { node } = stack.elasticsearch;
const context = {
  section: 'sinks.elasticsearch',
  named: null,
  prefix: 'test',
  sourceTables: [],
  log: createLogger('sink-elasticsearch-test', { level: 'silent' }),
};

const ITEMS = 'sluice_conformance.items';

describeSinkConformance('Elasticsearch', harnessOf({}));
describeSinkConformance('Elasticsearch with a name of its own', harnessOf({ [ITEMS]: { name: 'items' } }));

function harnessOf(indexes: Record<string, { name: string }>): SinkHarness {
  return {
    async create(): Promise<SinkSubject> {
      const indexPrefix = `test-${randomUUID()}-`;
      const client = new Client({ node, maxRetries: 0 });
      const settings = elasticsearchSchema.parse({ node, indexPrefix, indexes });
      const create = () => new ElasticsearchSink(settings, context);
      return {
        sink: create(),
        another: create,
        read: (database, table, key) => readDocument(client, tableIndex(settings, { database, table }), key),
        // The field is a number: an object is no value it could leave out of the index.
        poison: async (id) => ({ ...itemRow(id, 1), name: { not: 'text' } }),
        async close() {
          const indices = await client.indices.get({ index: `${indexPrefix}*` });
          await client.indices.delete({ index: Object.keys(indices) });
          await client.close();
        },
      };
    },
    deadStore: async () =>
      new ElasticsearchSink(
        elasticsearchSchema.parse({ node: 'http://127.0.0.1:1', requestTimeoutMs: 1000 }),
        context,
      ),
  };
}

/** By id, so without a refresh; the live alias would hide a deletion only from searches. */
async function readDocument(client: Client, index: string, key: Row): Promise<Row | null> {
  const id = documentId(JSON.stringify(key));
  const answer = await client.get<Row & { _sluice: { deleted?: boolean } }>({ index, id }, { ignore: [404] });
  if (answer._source === undefined || answer._source._sluice.deleted === true) return null;
  const { _sluice, ...row } = answer._source;
  return row;
}
