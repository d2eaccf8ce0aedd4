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
