import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { parseConfig } from '../src/config/load.ts';
import { createMetrics } from '../src/metrics.ts';
import { isLoopback, OPS_ROLES, parseTokens } from '../src/ops-access.ts';
import { startOpsServers, type OpsServers } from '../src/ops-servers.ts';

const opened: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of opened.splice(0)) await close();
});

/** The line of somebody whose token is the name of the role. */
const lineOf = (role: string): string =>
  `${role}-ann ${role} ${createHash('sha256').update(role).digest('hex')}`;

async function tokensFile(text: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-tokens-'));
  opened.push(() => rm(folder, { recursive: true }));
  const file = join(folder, 'tokens');
  await writeFile(file, text);
  return file;
}

async function start(file: string): Promise<OpsServers> {
  const servers = await startOpsServers({
    host: '127.0.0.1',
    port: 0,
    metricsPort: 0,
    registry: createMetrics('test').registry,
    health: () => ({ ready: true, components: {} }),
    status: () => ({}),
    tokensFile: file,
    routes: OPS_ROLES.map((role) => ({
      method: 'POST',
      path: `/${role}`,
      role,
      handle: ({ principal }) => ({ status: 200, body: { principal } }),
    })),
  });
  opened.push(() => servers.close());
  return servers;
}

async function ask(port: number, path: string, token?: string): Promise<Response> {
  const headers = { 'content-type': 'application/json', authorization: `Bearer ${token}` };
  if (token === undefined) Reflect.deleteProperty(headers, 'authorization');
  const isOrder = OPS_ROLES.some((role) => path === `/${role}`);
  const order = isOrder ? { method: 'POST', body: '{}' } : {};
  return fetch(`http://127.0.0.1:${port}${path}`, { ...order, headers });
}

test('every route asks for its role, probes for none', async () => {
  const { port, metricsPort } = await start(await tokensFile(OPS_ROLES.map(lineOf).join('\n')));
  const tokens = [undefined, 'wrong', 'viewer', 'operator', 'admin'];
  const table: Record<string, number[]> = {};
  for (const path of ['/livez', '/readyz', '/health', '/status', '/viewer', '/operator', '/admin', '/none'])
    table[path] = await Promise.all(tokens.map(async (token) => (await ask(port, path, token)).status));
  expect(table).toEqual({
    '/livez': [200, 200, 200, 200, 200],
    '/readyz': [200, 200, 200, 200, 200],
    '/health': [401, 401, 200, 200, 200],
    '/status': [401, 401, 200, 200, 200],
    '/viewer': [401, 401, 200, 200, 200],
    '/operator': [401, 401, 403, 200, 200],
    '/admin': [401, 401, 403, 403, 200],
    '/none': [404, 404, 404, 404, 404],
  });
  expect((await ask(metricsPort, '/metrics')).status).toBe(200);
  expect((await ask(port, '/status')).headers.get('www-authenticate')).toBe('Bearer');
  expect(await (await ask(port, '/operator', 'admin')).json()).toEqual({ principal: 'admin-ann' });
  expect(await (await ask(port, '/admin', 'operator')).json()).toEqual({
    error: 'this takes the role admin, and operator-ann has operator',
  });
});

test('a token that is taken out of the file is worth nothing from then on', async () => {
  const file = await tokensFile(lineOf('viewer'));
  const { port } = await start(file);
  expect((await ask(port, '/status', 'viewer')).status).toBe(200);
  await writeFile(file, `# nobody\n\n${lineOf('admin')}\n`);
  expect((await ask(port, '/status', 'viewer')).status).toBe(401);
  expect((await ask(port, '/status', 'admin')).status).toBe(200);
});

test.each([
  ['ann owner 00', 'Line 1'],
  [`${lineOf('viewer')}\nann viewer`, 'Line 2'],
  ['hunter2', 'Line 1'],
])('a file with a line that is no token is refused without a word of it', (text, line) => {
  const parse = (): unknown => parseTokens(text, '/tokens');
  expect(parse).toThrow(`${line} of /tokens is no token`);
  expect(parse).not.toThrow(/hunter2|owner 00/u);
});

test('a service does not start with tokens that it cannot read', async () => {
  await expect(start('/nowhere/tokens')).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
});

test.each([
  [{}, true],
  [{ host: '127.0.0.5' }, true],
  [{ host: 'localhost' }, true],
  [{ host: '::1' }, true],
  [{ host: '0.0.0.0' }, false],
  [{ host: '::' }, false],
  [{ host: '10.0.0.7' }, false],
  [{ host: 'capture' }, false],
  [{ host: '0.0.0.0', tokensFile: '/tokens' }, true],
  [{ host: '0.0.0.0', insecure: true }, true],
])('ops %j may be listened on: %s', (ops, isFine) => {
  const file = {
    pipeline: 'p',
    source: { host: 'h', user: 'u', tables: ['shop.*'] },
    kafka: { brokers: ['b:1'] },
    capture: { ops },
  };
  const parse = (): unknown => parseConfig(JSON.stringify(file), {});
  if (isFine) expect(parse).not.toThrow();
  else expect(parse).toThrow(/capture\.ops\.tokensFile.*insecure: true/su);
});

test('an address is loopback by what it is, not by how it begins', () => {
  expect(isLoopback('127.attacker.example')).toBe(false);
});
