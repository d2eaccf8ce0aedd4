import { afterEach, expect, test } from 'vitest';
import { aboutProcess } from '../src/about-process.ts';
import { headersOf, type Meant } from '../src/ops-meant.ts';
import { AuditList, closeAll, startServers, tokenLine, tokensFile } from './ops-support.ts';

afterEach(closeAll);

const { instance } = aboutProcess();
const OWN = { pipeline: 'shop', service: 'sink-redis' };

function order(port: number, meant: Meant, more: Record<string, string> = {}): Promise<Response> {
  const headers = { 'content-type': 'application/json', ...headersOf(meant), ...more };
  const url = `http://127.0.0.1:${port}/api/v1/things/1`;
  return fetch(url, { method: 'POST', headers, body: '{}' });
}

test.each<[string, Meant, string | null]>([
  ['nobody', {}, null],
  ['the service', OWN, null],
  ['the process', { ...OWN, instance }, null],
  ['another pipeline', { ...OWN, pipeline: 'fresh' }, 'sink-redis of pipeline fresh is meant'],
  ['another service', { ...OWN, service: 'capture' }, 'capture of pipeline shop is meant'],
  ['another process', { ...OWN, instance: 'a-1' }, 'sink-redis of pipeline shop (process a-1) is meant'],
])('an order that means %s', async (_whom, meant, refusal) => {
  const audit = new AuditList();
  const { port } = await startServers({ own: OWN, audit });
  const answer = await order(port, meant);
  const { error = null } = (await answer.json()) as { error?: string };
  if (refusal === null) return expect([answer.status, error]).toEqual([202, null]);
  expect(answer.status).toBe(421);
  expect(error).toBe(
    `here answers sink-redis of pipeline shop (process ${instance}), and ${refusal}: nothing was done`,
  );
  // fetch asks once more after a 421, by a connection of its own (Fetch standard, HTTP-network-or-cache fetch).
  expect(audit.entries[0]).toMatchObject({ status: 421, result: 'refused' });
});

test('whoever has not the role does not learn who answers', async () => {
  const file = await tokensFile(tokenLine('vera', 'viewer', 'seen'));
  const { port } = await startServers({ own: OWN, tokensFile: file });
  const other = { ...OWN, pipeline: 'fresh' };
  expect((await order(port, other)).status).toBe(401);
  expect((await order(port, other, { authorization: 'Bearer seen' })).status).toBe(403);
});

test('probes are answered whoever is meant, and a process that is no service takes every request', async () => {
  const { port } = await startServers({ own: OWN });
  const headers = headersOf({ pipeline: 'fresh' });
  expect((await fetch(`http://127.0.0.1:${port}/livez`, { headers })).status).toBe(200);
  expect((await fetch(`http://127.0.0.1:${port}/status`, { headers })).status).toBe(421);
  const plain = await startServers();
  expect((await fetch(`http://127.0.0.1:${plain.port}/status`, { headers })).status).toBe(200);
});
