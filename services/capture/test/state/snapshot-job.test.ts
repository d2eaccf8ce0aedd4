import { describe, expect, test } from 'vitest';
import { progressOf } from '../../src/state/job-progress.ts';
import { afterRestart, moveJob, newJob, type JobEvent, type JobState } from '../../src/state/snapshot-job.ts';

const order = { id: 's1', database: 'shop', table: 'orders', origin: 'request', requestedAt: 5 } as const;
const pending = newJob({ ...order, condition: null, reconcile: false });
const EVENTS: readonly JobEvent[] = ['start', 'pause', 'resume', 'cancel', 'finish', 'fail'];

describe('moveJob', () => {
  test.each<[JobState, Partial<Record<JobEvent, JobState>>]>([
    ['pending', { start: 'running', pause: 'paused', cancel: 'cancelled', fail: 'failed' }],
    ['running', { pause: 'paused', cancel: 'cancelled', finish: 'done', fail: 'failed' }],
    ['paused', { resume: 'pending', cancel: 'cancelled' }],
    ['failed', { resume: 'pending', cancel: 'cancelled' }],
    ['done', {}],
    ['cancelled', {}],
  ])('%s: what may follow', (state, allowed) => {
    const reached = EVENTS.flatMap((event) => {
      const moved = moveJob({ ...pending, state }, event, 9);
      return moved === null ? [] : [[event, moved.state]];
    });
    expect(Object.fromEntries(reached)).toEqual(allowed);
  });

  test('tells when it began and ended, and forgets its error when it is resumed', () => {
    const running = moveJob(pending, 'start', 10) ?? pending;
    expect(running).toMatchObject({ startedAt: 10, endedAt: null });
    const failed = moveJob({ ...running, error: { code: 'X', message: 'y' } }, 'fail', 20) ?? pending;
    expect(failed).toMatchObject({ startedAt: 10, endedAt: 20, error: { code: 'X' } });
    expect(moveJob(failed, 'resume', 30)).toMatchObject({ startedAt: 10, endedAt: null, error: null });
  });
});

test('after a restart a running job waits for its turn with all it has read', () => {
  const running = { ...pending, state: 'running', lastKey: ['7'], rows: 7 } as const;
  expect(afterRestart({ ...running, lastKey: ['7'] })).toEqual({ ...running, state: 'pending' });
  expect(afterRestart({ ...pending, state: 'paused' }).state).toBe('paused');
});

describe('progressOf', () => {
  const half = { ...pending, state: 'running', rowsRead: 500, rowsExpected: 1000, activeMs: 2000 } as const;

  test('tells share, speed and the time that is left', () => {
    expect(progressOf(half)).toEqual({ percent: 50, rowsPerSecond: 250, etaSeconds: 2 });
  });

  test('an estimate that was too low does not make it done', () => {
    expect(progressOf({ ...half, rowsRead: 1200 })).toMatchObject({ percent: 99, etaSeconds: null });
    expect(progressOf({ ...half, state: 'done', rowsRead: 1200 })).toMatchObject({
      percent: 100,
      etaSeconds: 0,
    });
  });

  test('says nothing where nothing is known', () => {
    expect(progressOf(pending)).toEqual({ percent: null, rowsPerSecond: null, etaSeconds: null });
    expect(progressOf({ ...half, state: 'paused' }).etaSeconds).toBeNull();
  });
});
