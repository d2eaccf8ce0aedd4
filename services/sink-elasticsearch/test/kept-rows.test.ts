import { Readable } from 'node:stream';
import type { Client } from '@elastic/elasticsearch';
import { expect, test } from 'vitest';
import { keepRows } from '../src/kept-rows.ts';

/** A client whose every answer is this. */
function answering(statusCode: number, body: unknown): Client {
  const request = async () => ({ statusCode, body: Readable.from([JSON.stringify(body)]) });
  return { transport: { request } } as unknown as Client;
}

const keep = (client: Client): Promise<void> =>
  keepRows(client, 'shop.orders', ['{"id":1}'], '0010000010000000020', new AbortController().signal);

test.each([
  [429, { error: { type: 'es_rejected_execution_exception' } }, 'ELASTICSEARCH_BUSY'],
  [503, 'no JSON of an error', 'ELASTICSEARCH_BUSY'],
  [403, { error: { type: 'security_exception' } }, 'ELASTICSEARCH_AUTH'],
])(
  'an answer of status %i is no missing document: the row would be taken away',
  async (status, body, code) => {
    await expect(keep(answering(status, body))).rejects.toMatchObject({ code });
  },
);

test('a document that is not there needs no keeping', async () => {
  await expect(keep(answering(404, { error: 'x' }))).resolves.toBeUndefined();
});
