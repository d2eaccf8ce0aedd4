import { createServer } from 'node:net';
import { expect, test } from 'vitest';
import { tryKernelLock } from '../src/kernel-lock.ts';
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
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port: taken } = server.address() as { port: number };
  await expect(freePorts(1, () => taken)).rejects.toThrow('no 1 free ports');
  await new Promise((resolve) => server.close(resolve));
});

test('a port that was given out is not given again, though nobody listens on it', async () => {
  const [given = 0] = await freePorts(1);
  await expect(freePorts(1, () => given)).rejects.toThrow('no 1 free ports');
});

test('nor is one that another process was given', async () => {
  const lock = await tryKernelLock('port 31999');
  await expect(freePorts(1, () => 31_999)).rejects.toThrow('no 1 free ports');
  await lock?.release();
});

test('gives up after a bounded number of attempts', async () => {
  const [port = 0] = await freePorts(1);
  await expect(freePorts(2, () => port)).rejects.toThrow('no 2 free ports');
});
