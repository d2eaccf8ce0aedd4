import { PipelineError } from '@sluice/runtime';
import { expect, test } from 'vitest';
import { captureHealth, isStuck, type CaptureCondition } from '../../src/ops/health.ts';
import { ProgressWatch } from '../../src/session/progress-watch.ts';

const well: CaptureCondition = {
  state: 'streaming',
  kafka: null,
  standsForMs: 0,
  heartbeatMs: 1000,
  kafkaError: null,
  streamError: null,
  alerts: 0,
  sourceGap: null,
  refused: [],
  stopped: 0,
  letters: { open: 0, trouble: null },
};
const error = new PipelineError('KAFKA_UNREACHABLE', 'produce to shop.orders/0: no answer');
const trouble = {
  code: error.code,
  message: error.message,
  since: '2026-11-27T10:00:00.000Z',
  at: '2026-11-27T10:00:09.000Z',
  resolvedAt: null,
};

test.each<[string, Partial<CaptureCondition>, boolean, Record<string, string>]>([
  ['all is well', {}, true, {}],
  ['it is starting', { state: 'checking' }, false, { stream: 'degraded', kafka: 'degraded' }],
  ['Kafka has failed for a moment', { kafka: { error, forMs: 900 } }, true, { kafka: 'degraded' }],
  ['Kafka has failed for long', { kafka: { error, forMs: 5000 } }, false, { kafka: 'down' }],
  ['the loop does not come round', { standsForMs: 7000 }, false, { stream: 'down' }],
  ['a quiet source beats slowly', { standsForMs: 29_999, heartbeatMs: 10_000 }, true, {}],
  ['not even heartbeats come', { standsForMs: 30_000, heartbeatMs: 10_000 }, false, { stream: 'down' }],
  [
    'Kafka ended the last life',
    { state: 'waiting', kafkaError: trouble },
    false,
    { stream: 'degraded', kafka: 'down' },
  ],
  ['another capture streams', { state: 'standby' }, true, {}],
  [
    'a standby cannot reach its source',
    { state: 'standby', streamError: trouble },
    false,
    { stream: 'degraded' },
  ],
  [
    'a standby cannot reach Kafka',
    { state: 'standby', kafkaError: trouble },
    false,
    { stream: 'degraded', kafka: 'down' },
  ],
  ['tables are read', { state: 'snapshot' }, true, {}],
  ['there are alerts', { alerts: 2 }, true, { ddl: 'degraded' }],
  ['the source logs not all', { sourceGap: 'OFF' }, true, { source: 'degraded' }],
  [
    'tables are left alone',
    { refused: [{ id: 'shop.keyless', code: 'TABLE_WITHOUT_KEY' }] },
    true,
    { tables: 'degraded' },
  ],
  ['a table waits for an operator', { stopped: 1 }, true, { tables: 'degraded' }],
  ['rows are in no topic', { letters: { open: 2, trouble: null } }, true, { rows: 'degraded' }],
  ['nobody has counted them yet', { letters: { open: null, trouble: null } }, true, { rows: 'degraded' }],
  ['they cannot be counted', { letters: { open: 0, trouble: error } }, true, { rows: 'degraded' }],
])('%s', (_, condition, ready, others) => {
  const report = captureHealth({ ...well, ...condition });
  const statuses = Object.entries(report.components).map(([name, { status }]) => [name, status]);
  expect(report.ready).toBe(ready);
  expect(report.state).toBe(condition.state ?? 'streaming');
  expect(Object.fromEntries(statuses)).toEqual({
    stream: 'ok',
    kafka: 'ok',
    source: 'ok',
    ddl: 'ok',
    tables: 'ok',
    rows: 'ok',
    ...others,
  });
});

test('what Kafka has against it is told with its code', () => {
  const { components } = captureHealth({ ...well, kafka: { error, forMs: 9000 } });
  expect(components['kafka']?.detail).toBe('KAFKA_UNREACHABLE: produce to shop.orders/0: no answer');
  expect(isStuck({ ...well, kafka: { error, forMs: 9000 } })).toBe(true);
  expect(isStuck(well)).toBe(false);
});

test('the first tables that are left alone are told by name', () => {
  const refused = ['a', 'b', 'c', 'd'].map((name) => ({ id: `shop.${name}`, code: 'TABLE_HIDDEN' as const }));
  const { components } = captureHealth({ ...well, refused });
  expect(components['tables']?.detail).toBe(
    '4 not captured: shop.a (TABLE_HIDDEN), shop.b (TABLE_HIDDEN), shop.c (TABLE_HIDDEN) and 1 more: see sluice plan',
  );
});

test('nothing has moved since one of the signs was another', () => {
  const watch = new ProgressWatch(0);
  expect(watch.standsFor([1, 'a'], 10)).toBe(0);
  expect(watch.standsFor([1, 'a'], 7010)).toBe(7000);
  expect(watch.standsFor([1, 'b'], 7020)).toBe(0);
});
