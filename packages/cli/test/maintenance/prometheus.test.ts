import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import { Prometheus } from '../../src/maintenance/prometheus.ts';

test.each([
  ['http://ann:secret@prometheus:9090', null, '--prometheus has a login in it'],
  ['https://ann:secret@prometheus:9090', null, '--prometheus has a login in it'],
  ['https://ann@prometheus:9090', null, '--prometheus has a login in it'],
  ['http://prometheus:9090', 'ann:secret', 'would cross the network in clear'],
  ['ftp://prometheus', null, 'must be an address such as'],
])('%s is refused, and no part of a login is said', (address, login, why) => {
  let told = '';
  try {
    new Prometheus(address, login);
  } catch (error) {
    told = String(error);
  }
  expect(told).toContain(why);
  expect(told).not.toContain('secret');
});

test.each([
  ['ann:secret', `Basic ${Buffer.from('ann:secret').toString('base64')}`],
  ['token-4711', 'Bearer token-4711'],
  [null, undefined],
])('a login of a file is sent, and a refusal tells the address alone', async (login, sent) => {
  const seen: unknown[] = [];
  const server = createServer(({ headers }, response) => {
    seen.push(headers.authorization);
    response.writeHead(401).end('no');
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const { port } = server.address() as AddressInfo;
  try {
    const asked = new Prometheus(`http://127.0.0.1:${port}`, login).query('up');
    await expect(asked).rejects.toThrow(
      expect.objectContaining({
        message: `Prometheus at http://127.0.0.1:${port} refuses the login: status 401`,
        fix: expect.stringContaining('--prometheus-login-file') as unknown,
      }),
    );
    expect(seen).toEqual([sent]);
  } finally {
    server.close();
  }
});
