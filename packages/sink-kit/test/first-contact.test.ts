import { PipelineError, type ErrorCode } from '@sluice/runtime';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { FirstContact, type StorePlace } from '../src/first-contact.ts';
import { STORE } from './fixtures.ts';

const place: StorePlace = {
  what: 'a Redis server',
  address: 'cache:6379',
  addressSetting: 'sinks.redis.url',
  loginSetting: 'user and password in sinks.redis.url',
};

beforeEach(() => void vi.useFakeTimers({ toFake: ['performance'] }));
afterEach(() => void vi.useRealTimers());

const failing = (code: ErrorCode) => async (): Promise<void> => {
  throw new PipelineError(code, 'connect ECONNREFUSED');
};

test('a store that has never answered is named with its setting, after ten seconds', async () => {
  const contact = new FirstContact(place, async () => false);
  const open = failing(STORE.STORE_AWAY);
  await expect(contact.open(open)).rejects.toMatchObject({
    code: STORE.STORE_AWAY,
    message: 'cache:6379: connect ECONNREFUSED',
  });
  vi.advanceTimersByTime(10_000);
  await expect(contact.open(open)).rejects.toMatchObject({
    code: 'PREFLIGHT_FAILED',
    message:
      '1 problem(s):\n- sinks.redis.url: found no answer from cache:6379 (connect ECONNREFUSED), needs a Redis server that answers. Fix: start the server, or correct sinks.redis.url',
  });
});

test('a store that the group has filled is waited for: its settings were right once', async () => {
  const contact = new FirstContact(place, async () => true);
  await expect(contact.open(failing(STORE.STORE_AWAY))).rejects.toMatchObject({
    code: STORE.STORE_AWAY,
  });
  vi.advanceTimersByTime(3_600_000);
  await expect(contact.open(failing(STORE.STORE_AWAY))).rejects.toMatchObject({
    code: STORE.STORE_AWAY,
  });
  await contact.open(async () => undefined);
});

test('a login that is refused is named at once; what has a message of its own keeps it', async () => {
  const contact = new FirstContact(place, async () => true);
  await expect(contact.open(failing(STORE.STORE_LOGIN))).rejects.toMatchObject({
    code: 'PREFLIGHT_FAILED',
    message: expect.stringContaining(
      '- user and password in sinks.redis.url: found a login that cache:6379 refuses',
    ) as unknown,
  });
  for (const code of ['PREFLIGHT_FAILED', 'DATA_GAP', 'KAFKA_UNSUPPORTED'] as const)
    await expect(contact.open(failing(code))).rejects.toMatchObject({
      code,
      message: 'connect ECONNREFUSED',
    });
});

test('a sink that names no place has errors of its own', async () => {
  const contact = new FirstContact(undefined, async () => false);
  vi.advanceTimersByTime(60_000);
  await expect(contact.open(failing(STORE.STORE_LOGIN))).rejects.toMatchObject({ code: STORE.STORE_LOGIN });
});
