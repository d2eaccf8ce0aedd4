import { sinkStatus } from '@sluice/ops-api';
import { PipelineError, RecentRates } from '@sluice/runtime';
import { expect, test } from 'vitest';
import { LatencyWindow } from '../src/latency-window.ts';
import type { Pause } from '../src/pauses.ts';
import { healthOf, newState, statusOf, type SinkState } from '../src/status.ts';
import { StoreWatch } from '../src/store-watch.ts';

const error = new PipelineError('KAFKA_UNREACHABLE', 'read records: broker 1 has not answered for 6 s');
const config = { hash: '0'.repeat(64), loadedAt: '2026-01-01T00:00:00.000Z' };
const waits: Pause = { topic: 't', partition: 0, reason: 'schema', since: 0, detail: 'no such table' };

test.each<[string, Partial<SinkState>, readonly Pause[], boolean, Record<string, string>]>([
  ['records flow', {}, [], true, {}],
  ['it joins the group', { phase: 'joining' }, [], false, { consumer: 'degraded' }],
  ['a broker has just failed', { kafka: { error, forMs: 500 } }, [], true, { consumer: 'degraded' }],
  ['a broker does not answer', { kafka: { error, forMs: 6000 } }, [], false, { consumer: 'down' }],
  [
    'nor while no topic is there',
    { phase: 'waiting', kafka: { error, forMs: 6000 } },
    [],
    false,
    { consumer: 'down' },
  ],
  ['a stranger is in the group', { strangers: ['kcat at 10.0.0.7'] }, [], true, { consumer: 'degraded' }],
  ['the store is away', { storeError: 'SINK_SILENT: …' }, [], false, { store: 'down' }],
  ['the breaker is open', { breaker: 'open' }, [], false, { breaker: 'degraded' }],
  ['a partition waits', {}, [waits], true, { partitions: 'degraded' }],
])('%s', (_, change, pauses, ready, others) => {
  const report = healthOf({ ...newState(), phase: 'running', ...change }, pauses, []);
  const statuses = Object.entries(report.components).map(([name, { status }]) => [name, status]);
  expect(report.ready).toBe(ready);
  const well = { store: 'ok', consumer: 'ok', breaker: 'ok', tables: 'ok', partitions: 'ok' };
  expect(Object.fromEntries(statuses)).toEqual({ ...well, ...others });
});

test('tables that are not whole are told with the command that makes them whole', () => {
  const lacking = Array.from({ length: 12 }, (_, at) => ({
    topic: `shop.shop.t${at}`,
    table: `shop.t${at}`,
    partitions: [0],
    since: '2026-01-01T00:00:00.000Z',
    wholeAgain: [],
    fix: 'Run: …',
  }));
  const detailOf = (count: number): string | undefined =>
    healthOf({ ...newState(), phase: 'running' }, [], lacking.slice(0, count)).components['tables']?.detail;
  expect(detailOf(2)).toMatch(/ Run: sluice snapshot start --table shop\.t0 --table shop\.t1 --reconcile$/u);
  expect(detailOf(12)).toMatch(/--table shop\.t9 --reconcile; 2 more: see `incomplete` in \/status$/u);
});

test('a lag that is not known is no 0, and who is stuck is not called running', () => {
  const shown = (change: Partial<SinkState>): unknown => {
    const status = statusOf(
      { pipeline: 'shop', sink: 'redis', group: 'shop.redis', config },
      { ...newState(), phase: 'running', ...change },
      [waits],
      [],
      { latency: new LatencyWindow(), rates: new RecentRates() },
      0,
    );
    expect(sinkStatus.answer.parse(status)).toEqual(status);
    return status;
  };
  expect(shown({})).toMatchObject({ pipeline: 'shop', config, phase: 'running', lag: { records: null } });
  const lag = [
    { topic: 't', partition: 0, records: 2 },
    { topic: 't', partition: 1, records: 3 },
  ];
  expect(shown({ lag })).toMatchObject({ lag: { records: 5, partitions: lag } });
  expect(shown({ kafka: { error, forMs: 9000 } })).toMatchObject({ phase: 'stuck' });
});

test('a ping that meets what only a person can mend ends the service, an outage does not', async () => {
  const state = newState();
  let error = new PipelineError('SINK_SILENT', 'away');
  const watch = new StoreWatch(() => Promise.reject(error), state);
  await watch.ping();
  expect(state.storeError).toBe('SINK_SILENT: away');
  error = new PipelineError('CONFIG_INVALID', 'emptied');
  await expect(watch.ping()).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
  expect(state.storeError).toBe('CONFIG_INVALID: emptied');
});

test('a store that does not answer is told before its client gives up, and is well when it answers', async () => {
  let now = 0;
  const answer = Promise.withResolvers<void>();
  const state = newState();
  const watch = new StoreWatch(
    () => answer.promise,
    state,
    () => now,
  );
  const asked = watch.ping();
  now = 3999;
  watch.watch();
  expect(state.storeError).toBeNull();
  now = 4000;
  watch.watch();
  expect(state.storeError).toBe('SINK_SILENT: the store has not answered a ping for 4 s');
  expect(state.troubles.lastError).toMatchObject({ code: 'SINK_SILENT', resolvedAt: null });
  answer.resolve();
  await asked;
  expect(state.storeError).toBeNull();
  expect(state.troubles.lastError?.resolvedAt).not.toBeNull();
});
