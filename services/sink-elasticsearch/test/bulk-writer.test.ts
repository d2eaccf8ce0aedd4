import { once } from 'node:events';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Client } from '@elastic/elasticsearch';
import { sequenceAt, TestTopic } from '@sluice/sink-kit/testing';
import { afterEach, expect, test } from 'vitest';
import { writeRows } from '../src/bulk-writer.ts';

/** What a cluster says to a bulk of so many documents. */
type Answer = (documents: number) => { readonly status: number; readonly body: unknown };

const never = new AbortController().signal;
const topic = new TestTopic({ database: 'shop', table: 'orders', columns: [], keyColumns: ['id'] });
const rows = [1, 2, 3, 4, 5].map((id) =>
  topic.row({ operation: 'INSERT', sequence: sequenceAt(id), row: { id } }),
);

let server: Server;
let client: Client;
afterEach(async () => {
  await client.close();
  server.closeAllConnections();
  server.close();
});

/** Kinds or codes of the outcomes of five rows; the sizes of the requests. */
async function writeTo(answer: Answer): Promise<{ outcomes: string[]; requests: number[] }> {
  const requests: number[] = [];
  server = createServer((request, response) => {
    let text = '';
    request.on('data', (chunk) => (text += String(chunk)));
    request.on('end', () => {
      // Nothing is known of what was refused.
      if (request.url?.includes('_mget') === true) {
        answerWith(response, 200, { docs: [] });
        return;
      }
      const documents = text.split('\n').length >> 1;
      requests.push(documents);
      const { status, body } = answer(documents);
      answerWith(response, status, body);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  client = new Client({ node: `http://127.0.0.1:${port}`, maxRetries: 0, requestTimeout: 2000 });
  const outcomes = await writeRows(
    { client, index: 'shop.orders', floor: '', purpose: 'stream' },
    rows,
    never,
  );
  return {
    outcomes: outcomes.map((each) => (each.kind === 'failed' ? each.error.code : each.kind)),
    requests,
  };
}

function answerWith(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, {
    'content-type': 'application/json',
    'x-elastic-product': 'Elasticsearch',
  });
  response.end(JSON.stringify(body));
}

const items = (...statuses: readonly (readonly [number, string?])[]): unknown => ({
  items: statuses.map(([status, type]) => ({
    index: { status, ...(type === undefined ? {} : { error: { type } }) },
  })),
});
const failure = (status: number, type: string) => (): ReturnType<Answer> => ({
  status,
  body: { error: { type }, status },
});

test('a document that a pipeline of the cluster drops is no success', async () => {
  const { outcomes } = await writeTo(() => ({
    status: 200,
    body: {
      items: [
        { index: { result: 'noop', status: 200 } },
        ...[2, 3, 4, 5].map(() => ({ index: { result: 'created', status: 201 } })),
      ],
    },
  }));
  expect(outcomes).toEqual(['ELASTICSEARCH_DOCUMENT_REFUSED', 'applied', 'applied', 'applied', 'applied']);
});

test('each item has its own outcome', async () => {
  const { outcomes } = await writeTo(() => ({
    status: 200,
    body: items(
      [201],
      [409, 'version_conflict_engine_exception'],
      [400, 'document_parsing_exception'],
      [429, 'es_rejected_execution_exception'],
      [200],
    ),
  }));
  expect(outcomes).toEqual([
    'applied',
    'stale',
    'ELASTICSEARCH_DOCUMENT_REFUSED',
    'ELASTICSEARCH_BUSY',
    'applied',
  ]);
});

test('a request that is too large is halved until it fits; a document that never fits is refused', async () => {
  const { outcomes, requests } = await writeTo((documents) =>
    documents > 2
      ? { status: 413, body: 'Request Entity Too Large' }
      : { status: 200, body: items(...Array.from({ length: documents }, () => [201] as const)) },
  );
  expect(outcomes).toEqual(rows.map(() => 'applied'));
  expect(requests).toEqual([5, 2, 3, 1, 2]);
  await client.close();
  server.close();
  const never413 = await writeTo(() => ({ status: 413, body: '' }));
  expect(never413.outcomes).toEqual(rows.map(() => 'ELASTICSEARCH_DOCUMENT_TOO_LARGE'));
});

test('only a wrong request is its document’s fault; what is between says nothing of it', async () => {
  const { outcomes } = await writeTo(() => ({
    status: 200,
    body: items([404, 'shard_not_found_exception'], [400, 'exception_to_come'], [408], [413], [200]),
  }));
  expect(outcomes).toEqual([
    'ELASTICSEARCH_BUSY',
    'ELASTICSEARCH_DOCUMENT_UNKNOWN',
    'ELASTICSEARCH_BUSY',
    'ELASTICSEARCH_DOCUMENT_TOO_LARGE',
    'applied',
  ]);
  const proxy = writeTo(() => ({ status: 400, body: 'Bad Request' }));
  await expect(proxy).rejects.toMatchObject({ code: 'ELASTICSEARCH_UNAVAILABLE' });
});

test.each([
  [429, 'es_rejected_execution_exception', 'retryable'],
  [503, 'cluster_manager_not_discovered', 'retryable'],
  [403, 'cluster_block_exception', 'retryable'],
  [500, 'exception_to_come', 'retryable'],
  [401, 'security_exception', 'fatal'],
  [403, 'security_exception', 'fatal'],
])('a request answered %i %s throws class %s', async (status, type, errorClass) => {
  await expect(writeTo(failure(status, type))).rejects.toMatchObject({ errorClass });
});

test.each([
  [403, 'cluster_block_exception'],
  [400, 'index_closed_exception'],
] as const)('%i %s is thrown though it comes as an item', async (status, type) => {
  const blocked = items(...rows.map(() => [status, type] as const));
  const attempt = writeTo(() => ({ status: 200, body: blocked }));
  await expect(attempt).rejects.toMatchObject({ code: 'ELASTICSEARCH_UNAVAILABLE' });
});

test('an answer without all items is no answer', async () => {
  const attempt = writeTo(() => ({ status: 200, body: items([201]) }));
  await expect(attempt).rejects.toMatchObject({ code: 'ELASTICSEARCH_UNAVAILABLE' });
});
