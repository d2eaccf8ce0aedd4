import { randomUUID } from 'node:crypto';
import { Client } from '@elastic/elasticsearch';
import type { JsonValue, SchemaColumn } from '@sluice/envelope';
import { startStack } from '@sluice/local-stack';
import { createLogger } from '@sluice/runtime';
import type { Delivery } from '@sluice/sink-kit';
import { sequenceAt, TestTopic } from '@sluice/sink-kit/testing';
import { afterAll, afterEach, beforeEach } from 'vitest';
import { elasticsearchSchema } from '../src/config.ts';
import { ElasticsearchSink } from '../src/elasticsearch-sink.ts';

const log = createLogger('sink-elasticsearch-test', { level: 'silent' });
export const never = new AbortController().signal;
export const id: SchemaColumn = { name: 'id', type: 'int', nullable: false, charset: null };

export function column(name: string, type: string): SchemaColumn {
  return { name, type, nullable: true, charset: null };
}

export interface TableOf {
  readonly columns?: readonly SchemaColumn[];
  readonly database?: string;
  readonly table?: string;
  readonly partition?: number;
}

export function topicOf({
  columns = [id],
  database = 'shop',
  table = 'orders',
  partition = 0,
}: TableOf = {}): TestTopic {
  return new TestTopic({ database, table, columns, keyColumns: ['id'], partition });
}

export function insert(topic: TestTopic, step: number, row: Record<string, JsonValue> = {}): Delivery {
  return topic.row({ operation: 'INSERT', sequence: sequenceAt(step), row: { id: step, ...row } });
}

/** What became of each delivery: `applied`, `stale`, or code and message. */
export async function write(by: ElasticsearchSink, ...batch: Delivery[]): Promise<string[]> {
  const outcomes = await by.write(batch, never);
  return outcomes.map((outcome) =>
    outcome.kind === 'failed' ? `${outcome.error.code}: ${outcome.error.message}` : outcome.kind,
  );
}

/** A running cluster, and indexes with a prefix of their own for each test of the file. */
export async function clusterFixture() {
  const stack = await startStack({ servers: ['elasticsearch'] });
  const { node } = stack.elasticsearch;
  const client = new Client({ node, maxRetries: 0 });
  const open: ElasticsearchSink[] = [];
  const state = { indexPrefix: '' };
  afterAll(async () => {
    await client.close();
    await stack.stop();
  });
  beforeEach(() => {
    state.indexPrefix = `test-${randomUUID()}-`;
  });
  afterEach(async () => {
    for (const sink of open.splice(0)) await sink.close();
    const indices = Object.keys(await client.indices.get({ index: `${state.indexPrefix}*` }));
    if (indices.length > 0) await client.indices.delete({ index: indices });
  });
  return {
    client,
    node,
    /** Full name of a table's index, or of another one of this test. */
    index: (name = 'shop.orders'): string => state.indexPrefix + name,
    /** Another process of the sink; closed after the test. */
    worker: (
      prefix = 'test',
      address = node,
      named: string | null = null,
      settings: object = {},
    ): ElasticsearchSink => {
      const { indexPrefix } = state;
      const config = elasticsearchSchema.parse({ node: address, indexPrefix, ...settings });
      const sink = new ElasticsearchSink(config, {
        section: 'sinks.elasticsearch',
        named,
        prefix,
        sourceTables: [],
        log,
      });
      open.push(sink);
      return sink;
    },
    documents: async (index: string): Promise<Record<string, Record<string, unknown>>> => {
      await client.indices.refresh({ index });
      const { hits } = await client.search<Record<string, unknown>>({ index, size: 1000 });
      return Object.fromEntries(
        hits.hits.map(({ _id = '', _source = {} }) => [_id, { ..._source, _sluice: null }]),
      );
    },
  };
}
