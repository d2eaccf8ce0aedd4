import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
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
