import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { request, type IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { createMetrics, startOpsServers, type OpsServers } from '@sluice/runtime';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { download } from '../src/client.ts';
import { heapRoute, takeHeapSnapshot } from '../src/index.ts';

/** Of a size that no socket holds by itself. The real ones are taken by test/e2e/pipeline-status.e2e.test.ts. */
const TEXT = JSON.stringify({ snapshot: { filler: 'x'.repeat(20_000_000) } });

let folder = '';
const open: OpsServers[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sluice-heap-'));
});
afterEach(async () => {
  for (const servers of open.splice(0)) await servers.close();
  await rm(folder, { recursive: true });
});

/** Address of a service that may use so many bytes. */
async function service(limitBytes?: number): Promise<string> {
  const servers = await startOpsServers({
    host: '127.0.0.1',
    port: 0,
    metricsPort: 0,
    registry: createMetrics('test').registry,
    health: () => ({ ready: true, components: {} }),
    status: () => ({}),
    routes: [heapRoute(limitBytes, () => Readable.from(TEXT.match(/.{1,65536}/gsu) ?? []))],
  });
  open.push(servers);
  return `http://127.0.0.1:${servers.port}`;
}

/** Headers of an answer whose body nobody reads. */
async function begun(url: string): Promise<IncomingMessage> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  const headers = { 'content-type': 'application/json' };
  request(`${url}${takeHeapSnapshot.path}`, { method: 'POST', headers, agent: false }, resolve)
    .on('error', reject)
    .end('{"by":"test"}');
  return promise;
}

const order = { by: 'test' };

test('a snapshot goes into a file of its owner, and over none that is there', async () => {
  const url = await service();
  const file = join(folder, 'one.heapsnapshot');
  const bytes = await download({ url }, takeHeapSnapshot, order, file);
  const text = await readFile(file, 'utf8');
  expect([bytes, text === TEXT]).toEqual([TEXT.length, true]);
  expect((await stat(file)).mode & 0o777).toBe(0o600);
  await expect(download({ url }, takeHeapSnapshot, order, file)).rejects.toThrow('EEXIST');
  expect((await stat(file)).size).toBe(bytes);
});

test('where memory has no room for it, nothing is made', async () => {
  const file = join(folder, 'two.heapsnapshot');
  const asked = download({ url: await service(1 << 20) }, takeHeapSnapshot, order, file);
  await expect(asked).rejects.toThrow(/would take this process to \d+ MiB of memory, and it may use 1 MiB/u);
  await expect(stat(file)).rejects.toThrow('ENOENT');
});

test('one at a time: the next when the first has ended, or was given up', async () => {
  const url = await service();
  const first = await begun(url);
  expect(first.statusCode).toBe(200);
  const second = await begun(url);
  expect(second.statusCode).toBe(503);
  first.destroy();
  await expect
    .poll(async () => download({ url }, takeHeapSnapshot, order, join(folder, 'three')).catch(() => 0), {
      timeout: 10_000,
    })
    .toBe(TEXT.length);
});
