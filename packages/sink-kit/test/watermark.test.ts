import { expect, test } from 'vitest';
import { Watermark } from '../src/watermark.ts';

test('a heartbeat counts once every partition has come to its end', () => {
  const told: number[] = [];
  const watermark = new Watermark((sourceMs) => told.push(sourceMs));
  watermark.restart(['a', 'b']);
  watermark.heartbeat(1);
  watermark.caughtUp('a');
  expect(told).toEqual([]);
  watermark.caughtUp('b');
  expect(told).toEqual([1]);
  watermark.busy('a');
  watermark.heartbeat(2);
  expect(told).toEqual([1]);
  watermark.caughtUp('a');
  watermark.heartbeat(3);
  expect(told).toEqual([1, 2, 3]);
});

test('after another assignment nothing is known', () => {
  const told: number[] = [];
  const watermark = new Watermark((sourceMs) => told.push(sourceMs));
  watermark.heartbeat(1);
  watermark.restart(['a']);
  watermark.caughtUp('a');
  watermark.caughtUp('a');
  expect(told).toEqual([1]);
});

test('it moves though some partition of many is always behind', () => {
  const told: number[] = [];
  const watermark = new Watermark((sourceMs) => told.push(sourceMs));
  const partitions = Array.from({ length: 36 }, (_, index) => `p${index}`);
  watermark.restart(partitions);
  for (const name of partitions) watermark.caughtUp(name);
  const nameAt = (step: number): string => `p${step % partitions.length}`;
  for (let step = 0; step < 360; step += 1) {
    watermark.busy(nameAt(step + 1));
    watermark.caughtUp(nameAt(step));
    if (step % 10 === 0) watermark.heartbeat(step);
  }
  expect(told).toEqual(Array.from({ length: 36 }, (_, index) => index * 10));
});

test('a partition that does not get on holds back every later heartbeat, and only the newest is told then', () => {
  const told: number[] = [];
  const watermark = new Watermark((sourceMs) => told.push(sourceMs));
  watermark.restart(['stuck', 'fast']);
  watermark.caughtUp('stuck');
  watermark.busy('stuck');
  for (let sourceMs = 1; sourceMs <= 1000; sourceMs += 1) {
    watermark.busy('fast');
    watermark.caughtUp('fast');
    watermark.heartbeat(sourceMs);
  }
  expect(told).toEqual([]);
  watermark.caughtUp('stuck');
  expect(told).toEqual([1000]);
});
