import { expect, test } from 'vitest';
import { ChunkSize } from '../../src/snapshot/chunk-size.ts';

const MIB = 1024 * 1024;

test('narrow rows soon come in chunks of the configured size', () => {
  const size = new ChunkSize(1000);
  expect(size.rows).toBe(10);
  size.learn(10, 1000);
  expect(size.rows).toBe(80);
  size.learn(80, 8000);
  expect(size.rows).toBe(640);
  size.learn(640, 64_000);
  expect(size.rows).toBe(1000);
});

test('wide rows come few at a time, at least one', () => {
  const size = new ChunkSize(1000);
  size.learn(10, 40 * MIB);
  expect(size.rows).toBe(1);
  size.learn(1, 64 * MIB);
  expect(size.rows).toBe(1);
  size.learn(1, 1000);
  expect(size.rows).toBe(8);
});

test('never more than configured, and an empty chunk teaches nothing', () => {
  const size = new ChunkSize(5);
  expect(size.rows).toBe(5);
  size.learn(0, 0);
  size.learn(5, 1);
  expect(size.rows).toBe(5);
});
