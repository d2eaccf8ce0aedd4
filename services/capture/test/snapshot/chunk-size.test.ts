import { expect, test } from 'vitest';
import { ChunkSize } from '../../src/snapshot/chunk-size.ts';

const MIB = 1024 * 1024;

test('narrow rows soon come in chunks of the configured size', () => {
  const size = new ChunkSize(1000);
  expect(size.rows).toBe(10);
  size.learn(10, 1000, 1);
  expect(size.rows).toBe(80);
  size.learn(80, 8000, 1);
  expect(size.rows).toBe(640);
  size.learn(640, 64_000, 1);
  expect(size.rows).toBe(1000);
});

test('wide rows come few at a time, at least one', () => {
  const size = new ChunkSize(1000);
  size.learn(10, 40 * MIB, 1);
  expect(size.rows).toBe(2);
  size.learn(1, 64 * MIB, 1);
  expect(size.rows).toBe(1);
  size.learn(1, 1000, 1);
  expect(size.rows).toBe(8);
});

test('a slow source is asked for what it gives in half a second', () => {
  const size = new ChunkSize(10_000);
  size.learn(1000, 1000, 250);
  expect(size.rows).toBe(2000);
  size.learn(2000, 2000, 4000);
  expect(size.rows).toBe(250);
  size.learn(250, 250, 5);
  expect(size.rows).toBe(2000);
});

test('never more than configured, and an empty chunk teaches nothing', () => {
  const size = new ChunkSize(5);
  expect(size.rows).toBe(5);
  size.learn(0, 0, 1);
  size.learn(5, 1, 1);
  expect(size.rows).toBe(5);
});
