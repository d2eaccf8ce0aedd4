import { expect, test } from 'vitest';
import { instanceOf, instanceRecord } from '../src/instance.ts';

const instance = {
  service: 'sink-redis',
  instance: 'pod-1-7-c0de',
  host: '0.0.0.0',
  port: 8081,
  isTls: false,
};

test('what a process says of itself is read back, also when a later version says more', () => {
  const record = instanceRecord(instance);
  expect(instanceOf(record)).toMatchObject(instance);
  expect(instanceOf(JSON.stringify({ ...JSON.parse(record), zone: 'b' }))).toMatchObject(instance);
});

test.each(['', 'no JSON', '{}', '{"version":2}', 'null'])('%j is no such record', (text) => {
  expect(instanceOf(text)).toBeNull();
});
