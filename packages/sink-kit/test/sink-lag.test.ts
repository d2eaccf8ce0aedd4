import { createLogger } from '@sluice/runtime';
import { expect, test } from 'vitest';
import { inMemorySink } from '../src/testing/index.ts';
import { SinkLag } from '../src/sink-lag.ts';
import { batchOf, testWorker, topic } from './fixtures.ts';

const SILENT = createLogger('test', { level: 'silent' });

function lagOf(): {
  readonly lag: SinkLag;
  readonly state: ReturnType<typeof testWorker>['context']['state'];
  readonly caughtUp: string[];
} {
  const { state, metrics } = testWorker(inMemorySink()).context;
  const caughtUp: string[] = [];
  const lag = new SinkLag({ state, metrics, log: SILENT }, (name) => void caughtUp.push(name));
  return { lag, state, caughtUp };
}

function consumerOf(records: number): Parameters<SinkLag['measure']>[0] {
  const line = { topic: topic.topic, partition: 0, records };
  return () => ({ lag: async () => [line], strangers: async () => ['console at 10.0.0.2'] });
}

test('a lag that is measured is shown, kept up by batches, and forgotten when no records come', async () => {
  const { lag, state } = lagOf();
  await lag.measure(consumerOf(7), 'sluice');
  expect([state.lag, state.strangers]).toMatchObject([[{ records: 7 }], ['console at 10.0.0.2']]);
  lag.note({ ...batchOf([]), highWatermark: 20n }, 15n);
  expect(state.lag).toMatchObject([{ records: 5 }]);
  lag.expire(true);
  expect(state.lag).not.toBeNull();
  lag.expire(false);
  expect(state.lag).toBeNull();
  await lag.measure(consumerOf(7), 'sluice');
  lag.forget();
  expect(state.lag).toBeNull();
  lag.note({ ...batchOf([]), highWatermark: 20n }, 15n);
  expect(state.lag).toBeNull();
});

test('partitions at their end are told, and a broker that does not answer leaves what was known', async () => {
  const { lag, state, caughtUp } = lagOf();
  await lag.measure(consumerOf(0), 'sluice');
  expect(caughtUp).toEqual([`${topic.topic}/0`]);
  await lag.measure(() => ({ ...consumerOf(0)(), lag: () => Promise.reject(new Error('away')) }), 'sluice');
  expect(state.lag).toMatchObject([{ records: 0 }]);
});
