import { connect } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import fc from 'fast-check';
import { createMetrics } from '../src/metrics.ts';
import { startOpsServers, type OpsServers } from '../src/ops-servers.ts';

const opened: OpsServers[] = [];
afterEach(async () => {
  for (const server of opened.splice(0)) await server.close();
});

async function start(): Promise<OpsServers> {
  const { registry } = createMetrics('test');
  const servers = await startOpsServers({
    host: '127.0.0.1',
    port: 0,
    metricsPort: 0,
    registry,
    health: () => ({ ready: true, components: {} }),
    status: () => ({}),
    setting: 'capture.ops',
    allowedHosts: ['ops.example.com'],
    rate: { burst: 10_000, perSecond: 10_000 },
    routes: [
      {
        method: 'POST',
        role: 'operator',
        path: '/orders/:id',
        aliases: ['/old/:id', '/orders'],
        bodyless: '{"by":"not said"}',
        handle: ({ body }) => ({ status: 202, body }),
      },
    ],
  });
  opened.push(servers);
  return servers;
}

interface Answer {
  /** 0 when the connection was closed without one. */
  readonly status: number;
  readonly head: string;
  readonly body: string;
}

/** Sends bytes as they are: no client library makes such requests. */
function send(port: number, request: string): Promise<Answer> {
  const { promise, resolve } = Promise.withResolvers<Answer>();
  const socket = connect(port, '127.0.0.1', () => socket.end(request));
  let text = '';
  socket.on('data', (data) => (text += data.toString('latin1')));
  socket.on('error', () => undefined);
  socket.on('close', () => {
    const [head = '', body = ''] = text.split('\r\n\r\n');
    resolve({ status: Number(/^HTTP\/1\.1 (\d+)/u.exec(head)?.[1] ?? 0), head, body });
  });
  return promise;
}

function request(line: string, headers: Readonly<Record<string, string>> = {}, body = ''): string {
  const all = { host: '127.0.0.1', 'content-length': String(body.length), connection: 'close', ...headers };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  return `${line} HTTP/1.1\r\n${lines.join('')}\r\n${body}`;
}

const JSON_BODY = { 'content-type': 'application/json' };

test.each<[string, string, Record<string, string>, number]>([
  ['a target that is no URL', 'GET //', {}, 404],
  ['another', 'GET ///x:y', {}, 404],
  ['an open bracket', 'GET http://[', {}, 404],
  ['a whole URL', 'GET http://127.0.0.1/status', {}, 404],
  ['a broken escape', 'GET /%E0%A4', {}, 404],
  ['a wrong method', 'DELETE /status', {}, 405],
  ['GET where an order is', 'GET /orders/1', {}, 405],
  ['HEAD', 'HEAD /status', {}, 200],
  ['an order', 'POST /orders/1', JSON_BODY, 202],
  ['with its character set', 'POST /orders/1', { 'content-type': 'Application/JSON; charset=utf-8' }, 202],
  ['another media type that begins so', 'POST /orders/1', { 'content-type': 'application/jsonp' }, 415],
  ['none', 'POST /orders/1', {}, 415],
  ['an order by an older path', 'POST /old/1', JSON_BODY, 202],
  ['a page by an older path', 'GET /api/health/detailed', {}, 200],
  ['an older path that asks for its method too', 'GET /old/1', {}, 405],
  ['a name that leads here by DNS', 'GET /status', { host: 'attacker.example:8080' }, 421],
  ['the name that is allowed', 'GET /status', { host: 'OPS.example.com:8080' }, 200],
  ['a service of compose', 'GET /status', { host: 'sink-redis:8080' }, 200],
  ['a service of Kubernetes', 'GET /status', { host: 'capture.cdc.svc.cluster.local' }, 200],
  ['an IPv6 address', 'GET /status', { host: '[::1]:8080' }, 200],
  ['a web page', 'POST /orders/1', { ...JSON_BODY, origin: 'http://127.0.0.1:8080' }, 403],
  ['a web page without an origin', 'POST /orders/1', { ...JSON_BODY, 'sec-fetch-site': 'cross-site' }, 403],
  ['a page opened by hand', 'GET /status', { 'sec-fetch-site': 'none' }, 200],
])('%s: %s', async (_what, line, headers, status) => {
  const { port } = await start();
  const isPost = line.startsWith('POST');
  expect(await send(port, request(line, headers, isPost ? '{}' : ''))).toMatchObject({ status });
});

test('a method that the page has not is answered with those it has, a name that is not known with the setting', async () => {
  const { port } = await start();
  expect((await send(port, request('DELETE /status'))).head).toContain('allow: GET, HEAD');
  const refused = await send(port, request('GET /status', { host: 'attacker.example' }));
  expect(JSON.parse(refused.body)).toEqual({
    error: 'the service is not known by this name: add it to capture.ops.allowedHosts',
  });
  const head = await send(port, request('HEAD /status'));
  expect(head.head).toContain('content-length: 3');
  expect(head.body).toBe('');
});

test('an order without a body stands for the one that its route names, also by an older path', async () => {
  const { port } = await start();
  for (const path of ['/orders/1', '/orders']) {
    const { status, body } = await send(port, request(`POST ${path}`));
    expect([status, JSON.parse(JSON.parse(body) as string)]).toEqual([202, { by: 'not said' }]);
  }
  const page = { 'sec-fetch-site': 'cross-site' };
  expect(await send(port, request('POST /orders', page))).toMatchObject({ status: 403 });
});

test('nothing that a client sends ends the service, and every request is answered', async () => {
  const { port, metricsPort } = await start();
  const target = fc.oneof(
    fc.string({ unit: 'grapheme-ascii', maxLength: 40 }),
    fc.webUrl(),
    fc.array(fc.constantFrom('/', '\\', '%', '..', '?', '#', '@', ':', '[', '//', 'orders', 'é'), {
      maxLength: 9,
    }),
  );
  const method = fc.constantFrom('GET', 'HEAD', 'POST', 'PUT', 'OPTIONS', 'TRACE', 'get', 'X');
  const sent = fc.record({ method, target, to: fc.constantFrom(port, metricsPort) });
  await fc.assert(
    fc.asyncProperty(sent, async ({ method: verb, target: made, to }) => {
      const text = Array.isArray(made) ? made.join('') : made;
      const { status } = await send(to, request(`${verb} ${text}`, JSON_BODY));
      // Node itself refuses what is no HTTP; nothing is left without an answer, and nothing is an error of ours.
      expect([200, 202, 400, 403, 404, 405, 413, 415, 421]).toContain(status);
    }),
    { numRuns: 300 },
  );
  expect((await send(port, request('GET /livez'))).status).toBe(200);
});
