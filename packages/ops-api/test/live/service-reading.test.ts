import { expect, test } from 'vitest';
import { figuresOf, type Reading } from '../../src/live/index.ts';

const sink = (at: number, handled: number): Reading => ({
  at,
  status: {
    phase: 'running',
    breaker: 'closed',
    records: { handled, deadLetters: 5, openDeadLetters: 2 },
    latencyMs: { p50: 5, p99: 9.9, samples: 10 },
    lag: { records: 7, partitions: [] },
    paused: [],
  },
});

test('figures of a sink: the rate of the window, what it says of the rest', () => {
  expect(figuresOf(sink(3000, 300), sink(1000, 100))).toEqual({
    state: 'running',
    records: 300,
    perSecond: 100,
    lagSeconds: undefined,
    waiting: 7,
    p50: 0.005,
    p99: 0.0099,
    deadLetters: 2,
  });
});

test('figures of capture: its state and lag; no rate without an earlier reading', () => {
  const status = {
    state: 'streaming',
    behindSeconds: 1.5,
    records: { published: 7, openDeadLetters: 0 },
  } as const;
  expect(figuresOf({ at: 0, status }, undefined)).toEqual({
    state: 'streaming',
    records: 7,
    perSecond: undefined,
    lagSeconds: 1.5,
    waiting: undefined,
    p50: undefined,
    p99: undefined,
    deadLetters: 0,
  });
});

test('what is not known is not shown as 0', () => {
  const status = { state: 'connecting', behindSeconds: null, records: { openDeadLetters: null } } as const;
  expect(figuresOf({ at: 0, status }, undefined)).toMatchObject({
    records: undefined,
    lagSeconds: undefined,
    deadLetters: undefined,
  });
});

test('an open breaker and paused partitions are a state', () => {
  const { at, status } = sink(0, 1);
  const pause = { topic: 't', partition: 0, reason: 'retry', since: 0, detail: '' } as const;
  const state = (change: object): string | undefined =>
    figuresOf({ at, status: { ...status, ...change } }, undefined).state;
  expect(state({ breaker: 'halfOpen' })).toBe('breaker halfOpen');
  expect(state({ paused: [pause, pause] })).toBe('2 paused');
  expect(state({ phase: 'stuck' })).toBe('stuck');
});
