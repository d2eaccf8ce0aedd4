import { partitionName } from '@sluice/kafka';
import { expect, test } from 'vitest';
import { BreakerOpenError } from '../src/breaker.ts';
import { PartitionFailures } from '../src/partition-failures.ts';
import type { SinkSettings } from '../src/settings.ts';
import { inMemorySink } from '../src/testing/index.ts';
import { failure, STORE, testWorker, topic, type TestWorker } from './fixtures.ts';

const where = { topic: topic.topic, partition: 0 };
const NAME = partitionName(topic.topic, 0);

function failuresOf(settings: Partial<SinkSettings> = {}): TestWorker & {
  readonly failures: PartitionFailures;
} {
  const made = testWorker(inMemorySink(), settings);
  return { ...made, failures: new PartitionFailures(where, made.context) };
}

test('a short wait is spent in place, a long one is a pause', () => {
  const { failures, context } = failuresOf({ retry: { initialMs: 100_000, maxMs: 100_000 } });
  const plans = Array.from({ length: 20 }, () => failures.plan(failure(STORE.STORE_AWAY)));
  const paused = plans.filter(({ pause }) => pause !== null);
  expect(paused.length).toBeGreaterThan(10);
  expect(paused[0]?.pause).toMatchObject({
    reason: 'retry',
    detail: 'STORE_AWAY: a STORE_AWAY made by the test',
  });
  expect(plans.every(({ ms, pause }) => ms <= 1000 === (pause === null))).toBe(true);
  expect(context.state.troubles.of(NAME)?.code).toBe('STORE_AWAY');
  failures.over();
  expect(context.state.troubles.of(NAME)).toBeNull();
});

test.each([
  ['STORE_SHAPE', 'schema'],
  ['RECORD_HELD', 'strict'],
  ['TABLE_PAUSED', 'ddl'],
] as const)('%s pauses the partition: %s', (code, reason) => {
  const { failures } = failuresOf();
  expect(failures.plan(failure(code === 'STORE_SHAPE' ? STORE.STORE_SHAPE : code)).pause).toMatchObject({
    reason,
  });
});

test('an offset that another has moved begins the partition again, an open breaker waits for its probe', () => {
  const { failures, context } = failuresOf();
  expect(failures.plan(failure('TARGET_OFFSET_MOVED')).pause).toEqual({ reason: 'moved' });
  expect(failures.plan(new BreakerOpenError()).pause).toMatchObject({ reason: 'breaker' });
  expect(context.state.troubles.of(NAME)).toBeNull();
});

test('what no wait ends stops the service', () => {
  const { failures, context } = failuresOf();
  expect(() => failures.plan(failure(STORE.STORE_LOGIN))).toThrow('STORE_LOGIN');
  expect(context.state.troubles.of(NAME)?.code).toBe('STORE_LOGIN');
  expect(() => failures.plan(new TypeError('a mistake'))).toThrow('a mistake');
});
