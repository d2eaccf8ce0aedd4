import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createMetrics, startOpsServers } from '@sluice/runtime';
import { call, look } from '../src/client.ts';
import { captureStatus, listAlerts } from '../src/index.ts';
import { afterEach, expect, test, vi } from 'vitest';

const closing: (() => void)[] = [];
afterEach(() => {
  vi.unstubAllEnvs();
  for (const close of closing.splice(0)) close();
});

/** A service that knows one token. */
async function service(): Promise<string> {
  const server = createServer((request, response) => {
    const isKnown = request.headers.authorization === 'Bearer s3cret';
    const body = isKnown
      ? { unacknowledged: 0, matching: 0, entries: [] }
      : { error: 'the token is not known' };
    response.writeHead(isKnown ? 200 : 401, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  closing.push(() => server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

test('the command shows the token of the environment, and says which one is asked for', async () => {
  const url = await service();
  vi.stubEnv('SLUICE_OPS_TOKEN', 's3cret');
  expect(await call({ url }, listAlerts, { limit: 1 })).toMatchObject({ matching: 0 });
  for (const token of ['', 'wrong']) {
    vi.stubEnv('SLUICE_OPS_TOKEN', token);
    const refusal =
      'the service asks who you are (the token is not known): set SLUICE_OPS_TOKEN to your token, or name its file by --token-file';
    await expect(call({ url }, listAlerts, { limit: 1 })).rejects.toThrow(refusal);
    await expect(look({ url }, captureStatus)).rejects.toThrow(refusal);
  }
});

test('a request says who is meant, and that another answered is told with the address', async () => {
  const servers = await startOpsServers({
    host: '127.0.0.1',
    port: 0,
    metricsPort: 0,
    registry: createMetrics('capture').registry,
    health: () => ({ ready: true, components: {} }),
    status: () => ({}),
    own: { pipeline: 'fresh', service: 'capture' },
    routes: [
      {
        ...listAlerts,
        handle: () => ({ status: 200, body: { unacknowledged: 0, matching: 0, entries: [] } }),
      },
    ],
  });
  closing.push(() => void servers.close());
  const url = `http://127.0.0.1:${servers.port}`;
  const asked = (pipeline: string) =>
    call({ url, meant: { pipeline, service: 'capture' } }, listAlerts, { limit: 1 });
  expect(await asked('fresh')).toMatchObject({ matching: 0 });
  const error = await asked('shop').catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ problem: 'refused', isMisdirected: true });
  expect(String(error)).toMatch(
    /http:\/\/127\.0\.0\.1:\d+: here answers capture of pipeline fresh \(process \S+\), and capture of pipeline shop is meant: nothing was done; --url and `ops` of the file name addresses$/u,
  );
});
