import { expect, test } from 'vitest';
import { kernelLock, tryKernelLock } from '../src/kernel-lock.ts';

const name = `test-${process.pid}`;

test('is held by one until released', async () => {
  const first = await tryKernelLock(name);
  expect(first).not.toBeNull();
  expect(await tryKernelLock(name)).toBeNull();
  const other = await tryKernelLock(`${name}-other`);
  expect(other).not.toBeNull();
  await first?.release();
  const second = await tryKernelLock(name);
  expect(second).not.toBeNull();
  await second?.release();
  await other?.release();
});

test('is waited for, and told once', async () => {
  const first = await tryKernelLock(name);
  let told = 0;
  const second = kernelLock(name, new AbortController().signal, () => {
    told += 1;
  });
  await expect.poll(() => told).toBe(1);
  await first?.release();
  await (await second).release();
  expect(told).toBe(1);
});
