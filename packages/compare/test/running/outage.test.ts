import { PipelineError } from '@sluice/runtime';
import { expect, test } from 'vitest';
import { isOutage } from '../../src/index.ts';

const lost = Object.assign(new Error('lost'), { code: 'PROTOCOL_CONNECTION_LOST', fatal: true });
const closed = Object.assign(new Error("Can't add new command when connection is in closed state"), {
  fatal: true,
});

test.each([
  ['a store that is busy', new PipelineError('MYSQL_BUSY', 'busy'), true],
  ['a login that is refused', new PipelineError('MYSQL_AUTH_FAILED', 'no'), false],
  ['a connection that is lost', lost, true],
  ['a statement on a connection that has ended', closed, true],
  ['a server that starts', Object.assign(new Error('starting'), { code: 'ECONNREFUSED' }), true],
  [
    'a statement that is wrong',
    Object.assign(new Error('syntax'), { code: 'ER_PARSE_ERROR', errno: 1064 }),
    false,
  ],
  ['what has one of them as its cause', new Error('done only in part', { cause: lost }), true],
  ['a bug', new TypeError('x is undefined'), false],
  ['no error', 'text', false],
])('%s', (_, error, outage) => {
  expect(isOutage(error)).toBe(outage);
});
