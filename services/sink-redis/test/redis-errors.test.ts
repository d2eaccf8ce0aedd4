import * as ioredis from 'ioredis';
import { expect, test } from 'vitest';
import { replyCode, toRedisError } from '../src/redis-errors.ts';

/** The package's types leave it open. */
const ReplyError = ioredis.ReplyError as new (message: string) => Error;

test.each([
  ["OOM command not allowed when used memory > 'maxmemory'.", 'REDIS_UNAVAILABLE', 'retryable'],
  ["READONLY You can't write against a read only replica.", 'REDIS_UNAVAILABLE', 'retryable'],
  ["CROSSSLOT Keys in request don't hash to the same slot", 'REDIS_UNAVAILABLE', 'retryable'],
  ['LOADING Redis is loading the dataset in memory', 'REDIS_UNAVAILABLE', 'retryable'],
  ['NOAUTH Authentication required.', 'REDIS_AUTH', 'fatal'],
  ['WRONGPASS invalid username-password pair or user is disabled.', 'REDIS_AUTH', 'fatal'],
  ['WRONGTYPE Operation against a key holding the wrong kind of value', 'REDIS_WRONG_TYPE', 'record'],
  ['ERR string exceeds maximum allowed size (proto-max-bulk-len)', 'REDIS_REFUSED', 'record'],
  [
    'ERR Error running script (call to f_ab): @user_script:3: WRONGTYPE Operation',
    'REDIS_WRONG_TYPE',
    'record',
  ],
])('%s', (message, code, errorClass) => {
  expect(toRedisError(new ReplyError(message))).toMatchObject({ code, errorClass });
});

test('a reply that is not known, to what concerns no row, is the connection’s', () => {
  const reply = new ReplyError('ERR max number of clients reached');
  expect(toRedisError(reply, 'connection')).toMatchObject({ code: 'REDIS_UNAVAILABLE' });
  expect(toRedisError(new ReplyError('NOPERM'), 'connection')).toMatchObject({ code: 'REDIS_AUTH' });
});

test('an error of the connection is retryable, and not a reply', () => {
  const error = new Error('Connection is closed.');
  expect(replyCode(error)).toBeNull();
  expect(toRedisError(error)).toMatchObject({ code: 'REDIS_UNAVAILABLE', errorClass: 'retryable' });
});

test('the words of a reply, which may quote a value, are not passed on', () => {
  expect(toRedisError(new ReplyError('ERR bad value ann@example.org')).message).not.toContain('ann');
});
