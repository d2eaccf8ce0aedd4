import type { Health } from '@sluice/ops-api';
import { expect, test } from 'vitest';
import type { ServiceStatus } from '../../src/operator/ask-service.ts';
import { unseenOf } from '../../src/operator/find-processes.ts';
import {
  answerOf,
  isWell,
  remarksOf,
  rowOf,
  strangerOf,
  type ServiceAnswer,
} from '../../src/operator/service-line.ts';

const url = 'http://127.0.0.1:8081';
const NOW = Date.parse('2026-11-27T10:05:00.000Z');
const ok: Health = { status: 'ok', ready: true, components: { store: { status: 'ok' } } };
const nobody: ServiceAnswer = {
  service: 'sink-redis',
  instance: null,
  url,
  answers: 'yes',
  detail: null,
  ready: false,
  status: null,
  health: null,
  stranger: null,
  kafka: null,
  unseen: null,
};
const SOUGHT = { pipeline: 'shop', sink: 'redis' };

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
    null,
    0,
    0,
    null,
    'TARGET_TABLE_WAITS, over since 3m',
    null,
  ]);
  expect(isWell(answer)).toBe(true);
  expect(remarksOf(answer)).toEqual([]);
  const open = { ...lastError, resolvedAt: null };
  expect(
    rowOf(
      { ...answer, status: { ...status, lag: { records: 7, partitions: [] }, lastError: open } },
      NOW,
    ).slice(4),
  ).toEqual([7, 0, 0, null, 'TARGET_TABLE_WAITS for 5m', null]);
});

test('capture: seconds behind, tables that are left alone, alerts', () => {
  const status: ServiceStatus = {
    state: 'streaming',
    behindSeconds: 4.2,
    records: { openDeadLetters: 0 },
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
  expect(rowOf(answer, NOW)).toEqual(['capture', 'yes', 'streaming', null, '4 s', 0, 1, 2, null, null]);
  expect(isWell(answer)).toBe(false);
  expect(remarksOf(answer)).toEqual(['capture: ddl is degraded: 2 not cleared']);
});

const SILENT = { kind: 'silent', detail: 'no service answers' } as const;
const KNOWN = { records: 120, lost: 5, deadLetters: 1, members: 0 };

test('a stopped sink: what Kafka knows, or that it is not known', () => {
  const asked = { url, expected: null, told: SILENT };
  const stopped = answerOf(SOUGHT, asked, KNOWN);
  expect(rowOf(stopped, NOW).slice(1, 6)).toEqual(['no', 'stopped', null, 120, 1]);
  expect(remarksOf(stopped)).toEqual([
    'sink-redis: no process of it runs: its consumer group has no member',
    'sink-redis: 5 records were deleted from Kafka before it had read them',
  ]);
  expect(isWell(stopped)).toBe(false);
  const unknown = answerOf(SOUGHT, asked, { records: null, lost: 0, deadLetters: null, members: null });
  expect(rowOf(unknown, NOW).slice(2, 6)).toEqual([`no answer at ${url}`, null, null, null]);
  expect(remarksOf(unknown)).toEqual(['sink-redis: lag unknown: Kafka does not answer']);
});

test('a sink that runs and does not answer at its address, and a process that does not answer', () => {
  const known = { ...KNOWN, lost: 0, members: 2 };
  expect(remarksOf(answerOf(SOUGHT, { url, expected: null, told: SILENT }, known))).toEqual([
    `sink-redis: a process of it runs (its consumer group has 2), but ${url} is not its address: see ops`,
  ]);
  const [remark] = remarksOf(answerOf(SOUGHT, { url, expected: 'pod-7', told: SILENT }, known));
  expect(remark).toMatch(/^sink-redis: process pod-7 is in the consumer group and does not answer/);
});

test('a stopped capture: its dead letters, and no word on how far it is behind', () => {
  const kafka = { records: null, lost: 0, deadLetters: 2, members: null };
  const stopped = answerOf({ pipeline: 'shop', sink: null }, { url, expected: null, told: SILENT }, kafka);
  expect(rowOf(stopped, NOW).slice(2, 6)).toEqual([`no answer at ${url}`, null, null, 2]);
  expect(remarksOf(stopped)).toEqual([]);
});

test.each([
  ['refused', 'the service asks who you are', `answers at ${url}, but refuses`],
  ['foreign', 'its answer is not JSON', `not Sluice at ${url}`],
] as const)('an address that answers otherwise (%s) is not called silent', (kind, detail, state) => {
  const answer = answerOf(SOUGHT, { url, expected: null, told: { kind, detail } }, null);
  expect(rowOf(answer, NOW).slice(1, 3)).toEqual(['no', state]);
  expect(remarksOf(answer)).toEqual([`sink-redis: ${detail}`]);
  expect(isWell(answer)).toBe(false);
});

test('open dead letters are not well', () => {
  const status: ServiceStatus = { phase: 'running', records: { openDeadLetters: 1 } };
  expect(isWell({ ...nobody, ready: true, status, health: ok })).toBe(false);
});

test('what is not known is not well: dead letters that were not counted, processes that were not looked for', () => {
  const status: ServiceStatus = { phase: 'running', records: { openDeadLetters: null } };
  const uncounted = { ...nobody, ready: true, status, health: ok };
  expect(isWell(uncounted)).toBe(false);
  expect(remarksOf(uncounted)).toEqual(['sink-redis: dead letters: not known']);
  const told = { ...uncounted, status: { ...status, records: { openDeadLetters: 0 } } };
  expect(isWell(told)).toBe(true);
  const unseen = unseenOf('KAFKA_UNREACHABLE: no broker', 0);
  expect(isWell({ ...told, unseen })).toBe(false);
  expect(remarksOf({ ...told, unseen })).toEqual([
    'sink-redis: whether other processes of it run is not known, Kafka does not tell: KAFKA_UNREACHABLE: no broker',
  ]);
  expect(unseenOf(null, 2)).toContain('2 processes of its consumer group did not say where to ask');
  expect(unseenOf(null, 0)).toBeNull();
});

const CAPTURE = { pipeline: 'shop', sink: null };

test.each([
  [{ pipeline: 'shop' }, CAPTURE, null],
  [{ pipeline: 'shop', service: 'capture' }, CAPTURE, null],
  [{ pipeline: 'fresh' }, CAPTURE, 'capture of pipeline fresh'],
  [{ pipeline: 'shop', group: 'shop.redis' }, CAPTURE, 'sink-redis of this pipeline'],
  [{ group: 'fresh.redis' }, SOUGHT, 'sink-redis of pipeline fresh'],
  [{ pipeline: 'shop', group: 'shop.redis' }, SOUGHT, null],
  [{ pipeline: 'shop', group: 'shop.mysql' }, SOUGHT, 'sink-mysql of this pipeline'],
  [{ pipeline: 'shop' }, SOUGHT, 'capture of this pipeline'],
  [{ pipeline: 'shop', service: 'capture' }, SOUGHT, 'capture of this pipeline'],
  [{}, SOUGHT, 'something that does not say what it is'],
] as const)('who answers %j, where %j was looked for: %s', (body: ServiceStatus, sought, stranger) => {
  expect(strangerOf(body, sought)).toBe(stranger);
});

test('another service, or another process, is named and not shown as ours', () => {
  const told = (status: ServiceStatus) => ({ kind: 'told', ready: true, status, health: ok }) as const;
  const other = answerOf(SOUGHT, { url, expected: null, told: told({ pipeline: 'shop' }) }, null);
  expect(rowOf(other, NOW).slice(1, 3)).toEqual(['no', `at ${url} answers capture of this pipeline`]);
  expect(other).toMatchObject({ answers: 'stranger', status: null, ready: false });
  expect(isWell(other)).toBe(false);
  expect(remarksOf(other)).toEqual([
    `sink-redis: ${url} is the address of capture of this pipeline: see \`ops\` in the files of both`,
  ]);
  const status = { pipeline: 'shop', group: 'shop.redis', instance: 'pod-1' };
  const asked = { url, expected: 'pod-2', told: told(status) };
  expect(answerOf(SOUGHT, asked, null).stranger).toBe('process pod-1');
  expect(answerOf(SOUGHT, { ...asked, expected: 'pod-1' }, null)).toMatchObject({ answers: 'yes' });
});
