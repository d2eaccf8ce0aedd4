import { createServer } from 'node:net';
import { expect, test } from 'vitest';
import { freePorts, isFree } from '../src/ports.ts';

test('are different, free, and below the range that outgoing connections use', async () => {
  const ports = await freePorts(8);
  expect(new Set(ports).size).toBe(8);
  for (const port of ports) {
    expect(port).toBeGreaterThan(1024);
    expect(port).toBeLessThan(32_768);
    expect(await isFree(port)).toBe(true);
  }
});

test('a port somebody listens on is passed over', async () => {
  const [taken = 0, free = 0] = await freePorts(2);
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(taken, '127.0.0.1', resolve));
  const draws = [taken, taken, free];
  expect(await freePorts(1, () => draws.shift() ?? 0)).toEqual([free]);
  await new Promise((resolve) => server.close(resolve));
});

test('gives up after a bounded number of attempts', async () => {
  const [port = 0] = await freePorts(1);
  await expect(freePorts(2, () => port)).rejects.toThrow('no 2 free ports');
});
