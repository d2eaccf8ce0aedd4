import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Client } from '@elastic/elasticsearch';
import { startStack } from '@sluice/local-stack';
import { afterAll, expect, onTestFinished, test } from 'vitest';
import { elasticsearchSchema } from '../src/config.ts';
import { checkPrivileges } from '../src/preflight.ts';

const stack = await startStack({ servers: ['elasticsearch'] });
afterAll(() => stack.stop());
const never = new AbortController().signal;
const sinkOf = (...sourceTables: string[]) => ({ section: 'sinks.elasticsearch', sourceTables });

/** A cluster with security answers so (Elasticsearch guide, "Has privileges API"); the one of the tests has none. */
async function secured(answer: object, status = 200): Promise<{ client: Client; asked: string[] }> {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      asked.push(`${request.method} ${request.url} ${body}`);
      response.writeHead(status, {
        'content-type': 'application/vnd.elasticsearch+json; compatible-with=8',
        'x-elastic-product': 'Elasticsearch',
      });
      response.end(JSON.stringify(answer));
    });
  });
  await new Promise<void>((done) => void server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as AddressInfo;
  const client = new Client({ node: `http://127.0.0.1:${port}`, maxRetries: 0 });
  onTestFinished(async () => {
    await client.close();
    server.close();
  });
  return { client, asked };
}

const config = elasticsearchSchema.parse({ indexPrefix: 'a-' });

test('every privilege that is missing is named at once, with the role that has them', async () => {
  const { client, asked } = await secured({
    username: 'sluice',
    has_all_requested: false,
    cluster: { monitor: false },
    index: {
      'a-shop.*': { delete: false, index: true, manage: false },
      'a-sluice-state': { delete: true },
    },
    application: {},
  });
  await expect(checkPrivileges(client, config, sinkOf('shop.*'), never)).rejects.toMatchObject({
    code: 'PREFLIGHT_FAILED',
    message:
      '1 problem(s):\n- sinks.elasticsearch.auth: found "sluice" without monitor on the cluster, delete on a-shop.*, manage on a-shop.*, needs a role with these privileges. Fix: PUT /_security/role/sluice {"cluster":["monitor"],"indices":[{"names":["a-shop.*","a-sluice-state"],"privileges":["read","index","delete","manage"]}]}, and give it to the user (for an API key: the same under role_descriptors)',
  });
  expect(asked).toEqual([
    'POST /_security/user/_has_privileges {"cluster":["monitor"],"index":[{"names":["a-shop.*","a-sluice-state"],"privileges":["read","index","delete","manage"]}]}',
  ]);
});

test('patterns cover the index of a table and its alias, and every index where the database is a pattern', async () => {
  const { client, asked } = await secured({
    has_all_requested: true,
    username: 's',
    cluster: {},
    index: {},
    application: {},
  });
  await checkPrivileges(client, config, sinkOf('Shop.Orders', 'x*.t'), never);
  expect(asked.join()).toContain('"names":["a-shop.orders*","a-*","a-sluice-state"]');
});

test('a login that is refused is an error of its own; a cluster without security refuses nobody', async () => {
  const { client } = await secured({ error: { type: 'security_exception' }, status: 401 }, 401);
  await expect(checkPrivileges(client, config, sinkOf('shop.*'), never)).rejects.toMatchObject({
    code: 'ELASTICSEARCH_AUTH',
  });
  const open = new Client({ node: stack.elasticsearch.node, maxRetries: 0 });
  onTestFinished(() => open.close());
  await checkPrivileges(open, config, sinkOf('shop.*'), never);
});
