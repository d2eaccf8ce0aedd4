import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createMetrics, MEANT_HEADERS, startOpsServers, type OpsServers } from '@sluice/runtime';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openApiRoute, OPERATIONS, type AnyOperation } from '../src/index.ts';

/** Every route of every service, asked in every way: the table of docs/security.md is made from what this finds. */

const ROLES = ['viewer', 'operator', 'admin'] as const;
const KINDS = ['capture', 'sink'] as const;
/** Answered by every server of the ops ports. */
const BUILT_IN = new Set(['/api/v1/health', '/api/v1/status']);
const TOO_LARGE = JSON.stringify({ by: 'x'.repeat(70_000) });

let folder = '';
const servers = new Map<string, OpsServers>();

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sluice-routes-'));
  const tokensFile = join(folder, 'tokens');
  const lines = ROLES.map((role) => `${role} ${role} ${createHash('sha256').update(role).digest('hex')}`);
  await writeFile(tokensFile, lines.join('\n'));
  for (const kind of KINDS) {
    const own = OPERATIONS[kind].filter(({ path }) => !BUILT_IN.has(path));
    servers.set(
      kind,
      await startOpsServers({
        host: '127.0.0.1',
        port: 0,
        metricsPort: 0,
        registry: createMetrics(kind).registry,
        health: () => ({ ready: true, components: {} }),
        status: () => ({}),
        tokensFile,
        own: { pipeline: 'shop', service: kind },
        rate: { burst: 100_000, perSecond: 1 },
        routes: [
          openApiRoute,
          ...own.map((operation) => ({
            ...operation,
            handle: () => ({ status: operation.success, body: {} }),
          })),
        ],
      }),
    );
  }
});

afterAll(async () => {
  for (const each of servers.values()) await each.close();
  await rm(folder, { recursive: true });
});

interface Sent {
  readonly token?: string | undefined;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

function status(port: number, method: string, path: string, { token, headers, body = '{}' }: Sent) {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  const all = {
    host: '127.0.0.1',
    ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    ...(method === 'POST' && { 'content-type': 'application/json' }),
    ...headers,
  };
  const options = { host: '127.0.0.1', port, method, path, headers: all, agent: false };
  const sent = request(options, (response) => {
    response.resume();
    response.on('end', () => resolve(response.statusCode ?? 0));
  });
  sent.on('error', reject);
  sent.end(method === 'POST' ? body : undefined);
  return promise;
}

type Route = Pick<AnyOperation, 'method' | 'path'> & { readonly role: AnyOperation['role'] | 'anyone' };

/** Status of each way to ask; null where there is no such way. */
async function cells(port: number, { method, path, role }: Route): Promise<Record<string, number | null>> {
  const ask = (sent: Sent, by: string = method) => status(port, by, path.replace(':id', '7'), sent);
  const token = role === 'anyone' ? undefined : role;
  const below = role === 'anyone' ? undefined : ROLES[ROLES.indexOf(role) - 1];
  const isOrder = method === 'POST';
  return {
    'no token': await ask({}),
    'wrong role': below === undefined ? null : await ask({ token: below }),
    'right role': await ask({ token }),
    'foreign Host': await ask({ token, headers: { host: 'attacker.example' } }),
    'meant for another': await ask({ token, headers: { [MEANT_HEADERS.pipeline]: 'other' } }),
    'web page': await ask({ token, headers: { origin: 'http://127.0.0.1' } }),
    'wrong media type': isOrder ? await ask({ token, headers: { 'content-type': 'text/plain' } }) : null,
    'too large': isOrder ? await ask({ token, body: TOO_LARGE }) : null,
    'wrong method': await ask({ token }, 'DELETE'),
  };
}

test('every route refuses whom it has to, by each of its paths', async () => {
  const rows = [];
  for (const kind of KINDS) {
    const port = servers.get(kind)?.port ?? 0;
    for (const operation of OPERATIONS[kind]) {
      const found = await cells(port, operation);
      for (const path of operation.aliases ?? [])
        expect([path, await cells(port, { ...operation, path })]).toEqual([path, found]);
      rows.push({
        service: kind,
        request: `${operation.method} ${operation.path}`,
        role: operation.role,
        ...found,
      });
    }
  }
  const { port = 0, metricsPort = 0 } = servers.get('sink') ?? {};
  const others: readonly (readonly [number, Route])[] = [
    [port, { method: 'GET', path: '/api/v1/openapi.json', role: 'viewer' }],
    [port, { method: 'GET', path: '/livez', role: 'anyone' }],
    [port, { method: 'GET', path: '/readyz', role: 'anyone' }],
    [metricsPort, { method: 'GET', path: '/metrics', role: 'anyone' }],
    [port, { method: 'GET', path: '/any/other', role: 'viewer' }],
  ];
  for (const [at, route] of others)
    rows.push({
      service: 'all',
      request: `${route.method} ${route.path}`,
      role: route.role,
      ...(await cells(at, route)),
    });
  await expect(`${JSON.stringify(rows, null, 1)}\n`).toMatchFileSnapshot('guarded-routes.json');
});

test('nothing but probes and metrics answers whoever shows no token', () => {
  const text = readFileSync(join(import.meta.dirname, 'guarded-routes.json'), 'utf8');
  const rows = JSON.parse(text) as Readonly<Record<string, string | number | null>>[];
  const open = rows.filter((row) => Number(row['no token']) < 400).map(({ request: asked }) => asked);
  expect(open).toEqual(['GET /livez', 'GET /readyz', 'GET /metrics']);
  const orders = rows.filter(({ request: asked }) => String(asked).startsWith('POST'));
  expect(orders.length).toBeGreaterThan(10);
  for (const order of orders)
    expect(order).toMatchObject({
      'no token': 401,
      'wrong role': 403,
      'foreign Host': 421,
      'meant for another': 421,
      'web page': 403,
      'wrong media type': 415,
      'too large': 413,
      'wrong method': 405,
    });
});
