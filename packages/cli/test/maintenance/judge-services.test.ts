import { expect, test } from 'vitest';
import {
  errorFindings,
  headroomFinding,
  lagFindings,
  letterFindings,
} from '../../src/maintenance/judge-services.ts';
import type { Finding } from '../../src/operator/findings.ts';
import type { ServiceAnswer } from '../../src/operator/service-line.ts';

const NOW = Date.parse('2026-11-21T12:00:00Z');

function answer(
  service: string,
  status: ServiceAnswer['status'],
  more: Partial<ServiceAnswer> = {},
): ServiceAnswer {
  const url = 'http://127.0.0.1:8080';
  const nobody = { detail: null, health: null, stranger: null, kafka: null, unseen: null, instance: null };
  return { service, url, answers: 'yes', ready: true, ...nobody, status, ...more };
}
const capture = (status: ServiceAnswer['status']): ServiceAnswer => answer('capture', status);
const sink = (status: ServiceAnswer['status'], more?: Partial<ServiceAnswer>): ServiceAnswer =>
  answer('sink-redis', status, more);
const lag = (records: number | null) => ({ lag: { records, partitions: [] } });
const shown = (findings: readonly Finding[]): readonly string[] =>
  findings.map(({ result, found }) => `${result}: ${found}`);

test('lag: of each service, over all of its processes, and never fine where a process does not tell it', () => {
  expect(shown(lagFindings([capture({ behindSeconds: 3 }), sink(lag(4)), sink(lag(5))], NOW))).toEqual([
    'ok: capture: 3 s behind',
    'ok: sink-redis: 9 records behind',
  ]);
  expect(shown(lagFindings([capture({ behindSeconds: 61 }), sink(lag(9000)), sink(lag(1001))], NOW))).toEqual(
    ['problem: capture: 61 s behind', 'problem: sink-redis: 10001 records behind'],
  );
  expect(shown(lagFindings([capture(null), sink(lag(4)), sink(lag(null))], NOW))).toEqual([
    'unknown: capture: not known',
    'unknown: sink-redis: not known',
  ]);
});

test('lag: where a standby answers, or capture does not, the newest sign of capture in a sink tells', () => {
  const seen = (secondsAgo: number) => ({ heartbeat: { sourceMs: NOW - secondsAgo * 1000, seenMs: NOW } });
  const of = (secondsAgo: number) => [
    capture({ behindSeconds: null }),
    sink({ ...lag(0), ...seen(secondsAgo) }),
  ];
  expect(shown(lagFindings(of(2), NOW))[0]).toBe('ok: capture: 2 s behind');
  expect(shown(lagFindings(of(900), NOW))[0]).toBe('problem: capture: 900 s behind');
});

test('lag: of a sink that does not answer Kafka tells it', () => {
  const kafka = { records: 7, lost: 0, deadLetters: 2, members: 0 };
  const silent = sink(null, { answers: 'stopped', kafka });
  expect(shown(lagFindings([capture({ behindSeconds: 0 }), silent], NOW))[1]).toBe(
    'ok: sink-redis: 7 records behind',
  );
  expect(shown(letterFindings([silent], null))).toEqual(['problem: sink-redis: 2 open dead letters']);
});

test('errors: more than one in a hundred, of each process; a process that does not tell is not fine', () => {
  const one = sink({ cdc: { errorRate: 0.01 } }, { instance: 'a' });
  const two = sink({ cdc: { errorRate: 0.0101 } }, { instance: 'b' });
  expect(shown(errorFindings([one, two, sink(null)]))).toEqual([
    'ok: sink-redis (a): 1.00 % errors in five minutes',
    'problem: sink-redis (b): 1.01 % errors in five minutes',
    'unknown: sink-redis: not known',
  ]);
});

test('dead letters: any that is open, of capture too, which Kafka tells where a standby answers', () => {
  const told = (openDeadLetters: number | null) =>
    ({ records: { openDeadLetters } }) as ServiceAnswer['status'];
  expect(shown(letterFindings([capture(told(0)), sink(told(0))], 0))).toEqual([
    'ok: capture: none',
    'ok: sink-redis: none',
  ]);
  expect(letterFindings([capture(told(null))], 3)).toMatchObject([
    { result: 'problem', found: 'capture: 3 open dead letters', fix: 'sluice dlq list --sink capture' },
  ]);
  expect(shown(letterFindings([capture(told(null)), sink(null)], null))).toEqual([
    'unknown: capture: not known',
    'unknown: sink-redis: not known',
  ]);
});

test.each([
  [Number.POSITIVE_INFINITY, 'ok'],
  [6 * 3600, 'ok'],
  [6 * 3600 - 1, 'problem'],
  [0, 'problem'],
  [Number.NaN, 'unknown'],
])('binlog that is kept for %d s is %s', (seconds, result) => {
  expect(headroomFinding({ file: 'binlog.000007', seconds }).result).toBe(result);
});
