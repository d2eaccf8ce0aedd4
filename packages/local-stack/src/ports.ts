import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';
import { tryKernelLock } from './kernel-lock.ts';

/**
 * Below Linux's ephemeral range (32768 and up, ip(7)): an outgoing connection of some process can then never
 * take the port of a server that is down for a moment because a test has killed it.
 */
const LOWEST = 15_000;
const HIGHEST = 32_000;
const ATTEMPTS = 200;

/**
 * `count` different TCP ports of the loopback interface that nobody listens on now. They stay this process's as long as it
 * runs: until somebody listens on one, and whenever its server is down, no other process is given it here.
 */
export async function freePorts(
  count: number,
  random: (from: number, to: number) => number = randomInt,
): Promise<number[]> {
  const ports: number[] = [];
  for (let attempt = 0; attempt < ATTEMPTS && ports.length < count; attempt += 1) {
    const port = random(LOWEST, HIGHEST);
    if (await reserve(port)) ports.push(port);
  }
  if (ports.length < count) throw new Error(`no ${count} free ports between ${LOWEST} and ${HIGHEST}`);
  return ports;
}

/** The lock comes first: to look whether a port is free takes it for a moment. */
async function reserve(port: number): Promise<boolean> {
  if (process.platform !== 'linux') return isFree(port); // abstract sockets are Linux's alone
  const lock = await tryKernelLock(`port ${port}`);
  if (lock === null) return false;
  if (await isFree(port)) return true;
  await lock.release();
  return false;
}

export function isFree(port: number): Promise<boolean> {
  const server = createServer();
  return new Promise((resolve) => {
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}
