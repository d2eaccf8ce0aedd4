import type { Health } from '@sluice/ops-api';
import { expect, test } from 'vitest';
import type { ServiceStatus } from '../../src/operator/ask-service.ts';
import { fellowRows } from '../../src/operator/capture-fellows.ts';
import { isWell, remarksOf, rowOf, type ServiceAnswer } from '../../src/operator/service-line.ts';

const NOW = Date.parse('2026-11-27T10:05:00.000Z');
const ok: Health = { status: 'ok', ready: true, components: { source: { status: 'ok' } } };
const capture = { host: 'h', version: '0.1.0', isWell: true };
const leader = { ...capture, instance: 'a', state: 'streaming', since: '2026-11-27T07:05:00.000Z' };
const standby = { ...capture, instance: 'b', state: 'standby', since: '2026-11-27T10:04:00.000Z' };

function answer(status: ServiceStatus): ServiceAnswer {
  const { instance = null } = status;
  const about = { url: 'http://127.0.0.1:8080', answers: 'yes', detail: null, ready: true } as const;
  return {
    ...about,
    service: 'capture',
    instance,
    status: { records: { openDeadLetters: 0 }, ...status },
    health: ok,
    stranger: null,
    kafka: null,
    unseen: null,
  };
}

test.each([
  ['a', 'streaming', 'leader for 3h', ['standby', 'standby for 60s', 'b']],
  ['b', 'standby', 'standby for 60s', ['streaming', 'leader for 3h', 'a']],
])(
  'whichever capture answers, each has a line: %s',
  (instance, state, role, [otherState, otherRole, other]) => {
    const answered = answer({
      instance,
      state,
      captures: { instance, leader, standbys: [standby] },
    });
    expect(rowOf(answered, NOW).slice(1, 4)).toEqual(['yes', state, role]);
    expect(fellowRows(answered.status, NOW)).toEqual([
      ['capture', 'yes', otherState, otherRole, null, null, null, null, null, other],
    ]);
    expect(isWell(answered)).toBe(true);
    expect(remarksOf(answered)).toEqual([]);
  },
);

test('a standby in trouble is not well, and named', () => {
  const failed = { ...standby, state: 'failed', isWell: false };
  const captures = { instance: 'a', leader, standbys: [failed] };
  const answered = answer({ instance: 'a', state: 'streaming', captures });
  expect(fellowRows(answered.status, NOW)).toMatchObject([
    ['capture', 'no', 'failed', 'standby for 60s', null, null, null, null, null, 'b'],
  ]);
  expect(isWell(answered)).toBe(false);
  expect(remarksOf(answered)).toEqual([
    'capture: standby b on h is failed and could not take over: its own /status tells why',
  ]);
});

test('a capture that is starting has no role yet, and a sink has none', () => {
  const captures = { instance: 'c', leader, standbys: [standby] };
  expect(rowOf(answer({ instance: 'c', state: 'checking', captures }), NOW)[3]).toBeNull();
  expect(fellowRows({ instance: 'c', state: 'checking', captures }, NOW)).toHaveLength(2);
  expect(rowOf(answer({ instance: 's', phase: 'running' }), NOW)[3]).toBeNull();
  expect(fellowRows(null, NOW)).toEqual([]);
});
