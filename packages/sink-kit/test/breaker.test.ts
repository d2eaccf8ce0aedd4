import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Breaker, BreakerOpenError, type BreakerState } from '../src/breaker.ts';
import { failure, STORE } from './fixtures.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function breaker(failures = 3): { breaker: Breaker; states: BreakerState[] } {
  const states: BreakerState[] = [];
  return {
    breaker: new Breaker({ failures, resetMs: 60_000, onChange: (state) => states.push(state) }),
    states,
  };
}
const fail = (subject: Breaker, code: Parameters<typeof failure>[0] = 'SINK_UNEXPECTED') =>
  subject.run(async () => Promise.reject(failure(code))).catch((error: unknown) => error);
const succeed = (subject: Breaker) => subject.run(async () => 'done');

test('opens after failures in a row, however long they take', async () => {
  const { breaker: subject, states } = breaker();
  for (let tries = 0; tries < 3; tries += 1) {
    expect(subject.state).toBe('closed');
    await fail(subject);
    vi.advanceTimersByTime(30_000);
  }
  expect(states).toEqual(['open']);
  expect(await fail(subject)).toBeInstanceOf(BreakerOpenError);
});

test('calls that were under way together fail as one', async () => {
  const { breaker: subject } = breaker();
  const together = () => Promise.all(Array.from({ length: 20 }, () => fail(subject)));
  await together();
  await together();
  expect(subject.state).toBe('closed');
  await together();
  expect(subject.state).toBe('open');
});

test('a success starts the count again', async () => {
  const { breaker: subject } = breaker();
  await fail(subject);
  await fail(subject);
  await succeed(subject);
  await fail(subject);
  await fail(subject);
  expect(subject.state).toBe('closed');
});

test('a refused request is no outage', async () => {
  const { breaker: subject } = breaker(1);
  await fail(subject, 'RECORD_INVALID');
  await fail(subject, STORE.STORE_LOGIN);
  expect(subject.state).toBe('closed');
});

test.each(['TARGET_LOCKED', 'TARGET_OFFSET_MOVED'] as const)(
  '%s is the trouble of one table or partition: the store has answered',
  async (code) => {
    const { breaker: subject } = breaker(2);
    for (let tries = 0; tries < 10; tries += 1) await fail(subject, code);
    expect(subject.state).toBe('closed');
    await fail(subject);
    await fail(subject);
    vi.advanceTimersByTime(60_000);
    await fail(subject, code);
    expect(subject.state).toBe('closed');
  },
);

test('after the reset time one call is the probe: success closes', async () => {
  const { breaker: subject, states } = breaker(1);
  await fail(subject);
  vi.advanceTimersByTime(60_000);
  expect(subject.state).toBe('halfOpen');
  const probe = Promise.withResolvers<string>();
  const running = subject.run(() => probe.promise);
  expect(subject.blocked).toBe(true);
  await expect(succeed(subject)).rejects.toBeInstanceOf(BreakerOpenError);
  probe.resolve('done');
  await running;
  expect(states).toEqual(['open', 'halfOpen', 'closed']);
});

test('a failed probe opens it again', async () => {
  const { breaker: subject, states } = breaker(2);
  await fail(subject);
  await fail(subject);
  vi.advanceTimersByTime(60_000);
  await fail(subject);
  expect(states).toEqual(['open', 'halfOpen', 'open']);
  vi.advanceTimersByTime(60_000);
  await succeed(subject);
  expect(subject.state).toBe('closed');
});

test('a call that was given up says nothing of the store: not counted, and as a probe it proves nothing', async () => {
  const { breaker: subject, states } = breaker(2);
  const giveUp = () =>
    subject
      .run(async () => Promise.reject(new DOMException('given up', 'AbortError')))
      .catch(() => undefined);
  await fail(subject);
  await giveUp();
  await fail(subject);
  expect(subject.state).toBe('open');
  vi.advanceTimersByTime(60_000);
  await giveUp();
  expect(states).toEqual(['open', 'halfOpen', 'open']);
});
