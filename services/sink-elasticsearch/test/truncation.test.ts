import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Client } from '@elastic/elasticsearch';
import { expect, onTestFinished, test } from 'vitest';
import { Floors } from '../src/truncation.ts';

test.each([
  [401, 'security_exception', 'fatal'],
  [503, 'no_shard_available_action_exception', 'retryable'],
])('a floor that is answered by %i %s is of class %s', async (status, type, errorClass) => {
  const server = createServer((_, response) => {
    response.writeHead(status, { 'content-type': 'application/json', 'x-elastic-product': 'Elasticsearch' });
    response.end(JSON.stringify({ error: { type }, status }));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const client = new Client({ node: `http://127.0.0.1:${port}`, maxRetries: 0 });
  onTestFinished(async () => {
    await client.close();
    server.closeAllConnections();
    server.close();
  });
  await expect(new Floors(client, '').of('shop.orders')).rejects.toMatchObject({ errorClass });
});
