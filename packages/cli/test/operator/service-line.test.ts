import type { Health } from '@sluice/ops-api';
import { expect, test } from 'vitest';
import {
  isWell,
  remarksOf,
  rowOf,
  strangerOf,
  type ServiceAnswer,
  type ServiceStatus,
} from '../../src/operator/service-line.ts';

const url = 'http://127.0.0.1:8081';
const NOW = Date.parse('2026-11-27T10:05:00.000Z');
const ok: Health = { status: 'ok', ready: true, components: { store: { status: 'ok' } } };
const nobody: ServiceAnswer = {
  service: 'sink-redis',
  url,
  ready: false,
  status: null,
  health: null,
  stranger: null,
  kafka: null,
};

test('a running sink: a lag that is not known is -, an error that is over says since when', () => {
  const lastError: ServiceStatus['lastError'] = {
    code: 'TARGET_TABLE_WAITS',
    message: 'no table',
    since: '2026-11-27T10:00:00.000Z',
    at: '2026-11-27T10:01:00.000Z',
    resolvedAt: '2026-11-27T10:02:00.000Z',
  };
  const status: ServiceStatus = {
    phase: 'running',
    lag: { records: null, partitions: [] },
    records: { openDeadLetters: 0 },
    paused: [],
    lastError,
  };
  const answer = { ...nobody, ready: true, status, health: ok };
  expect(rowOf(answer, NOW)).toEqual([
    'sink-redis',
    'yes',
    'running',
    null,
    0,
    0,
    null,
    'TARGET_TABLE_WAITS, over since 3m',
  ]);
  expect(isWell(answer)).toBe(true);
  expect(remarksOf(answer)).toEqual([]);
  const open = { ...lastError, resolvedAt: null };
  expect(
    rowOf(
      { ...answer, status: { ...status, lag: { records: 7, partitions: [] }, lastError: open } },
      NOW,
    ).slice(3),
  ).toEqual([7, 0, 0, null, 'TARGET_TABLE_WAITS for 5m']);
});

test('capture: seconds behind, tables that are left alone, alerts', () => {
  const status: ServiceStatus = {
    state: 'streaming',
    behindSeconds: 4.2,
    refused: [{ table: 'shop.notes', code: 'TABLE_WITHOUT_KEY', why: 'it has no key' }],
    ddl: { unacknowledged: 2, alerts: [] },
    lastError: null,
  };
  const health: Health = {
    status: 'degraded',
    ready: true,
    components: { ddl: { status: 'degraded', detail: '2 not cleared' } },
  };
  const answer = { ...nobody, service: 'capture', ready: true, status, health };
  expect(rowOf(answer, NOW)).toEqual(['capture', 'yes', 'streaming', '4 s', null, 1, 2, null]);
  expect(isWell(answer)).toBe(false);
  expect(remarksOf(answer)).toEqual(['capture: ddl is degraded: 2 not cleared']);
});

test('a stopped sink: what Kafka knows, or that it is not known', () => {
  const stopped = { ...nobody, kafka: { records: 120, lost: 5, deadLetters: 1 } };
  expect(rowOf(stopped, NOW).slice(2, 5)).toEqual([`no answer at ${url}`, 120, 1]);
  expect(remarksOf(stopped)).toEqual([
    'sink-redis: 5 records were deleted from Kafka before it had read them',
  ]);
  const unknown = { ...nobody, kafka: { records: null, lost: 0, deadLetters: null } };
  expect(rowOf(unknown, NOW).slice(3, 5)).toEqual([null, null]);
  expect(remarksOf(unknown)).toEqual(['sink-redis: lag unknown: Kafka does not answer']);
});

test('a stopped capture: its dead letters, and no word on how far it is behind', () => {
  const stopped = { ...nobody, service: 'capture', kafka: { records: null, lost: 0, deadLetters: 2 } };
  expect(rowOf(stopped, NOW).slice(2, 5)).toEqual([`no answer at ${url}`, null, 2]);
  expect(remarksOf(stopped)).toEqual([]);
});

test('open dead letters are not well', () => {
  const status: ServiceStatus = { phase: 'running', records: { openDeadLetters: 1 } };
  expect(isWell({ ...nobody, ready: true, status, health: ok })).toBe(false);
});

test('a service of another pipeline, or another sink, is named and not shown as ours', () => {
  expect(strangerOf({ pipeline: 'shop' }, 'shop', null)).toBeNull();
  expect(strangerOf({ pipeline: 'fresh' }, 'shop', null)).toBe('fresh');
  expect(strangerOf({ group: 'fresh.redis' }, 'shop', 'redis')).toBe('fresh');
  expect(strangerOf({ pipeline: 'shop', group: 'shop.mysql' }, 'shop', 'redis')).toBe('shop.mysql');
  expect(strangerOf({ pipeline: 'shop' }, 'shop', 'redis')).toBe('unknown');
  expect(rowOf({ ...nobody, stranger: 'fresh' }, NOW)[2]).toBe(`at ${url} answers fresh`);
});
