import { expect, test } from 'vitest';
import { deadLetterHeaders, isDeadLetterHeader, readDeadLetter, type Failure } from '../src/index.ts';

const failure: Failure = {
  sink: 'redis',
  topic: 'p.shop.orders',
  partition: 2,
  record: { offset: 7n, timestampMs: 1000 },
  group: 'shop.redis',
  stage: 'apply',
  error: { name: 'PipelineError', errorClass: 'record', code: 'REDIS_REFUSED', message: 'no' },
  attempts: 4,
  firstFailedAtMs: 1_795_252_170_000,
  failedAtMs: 1_795_252_177_716,
  sequence: '0010000020000000101',
  serviceVersion: '0.1.0',
};

const read = (headers: Readonly<Record<string, string>>): ReturnType<typeof readDeadLetter> =>
  readDeadLetter(new Map(Object.entries(headers).map(([name, value]) => [name, Buffer.from(value)])));

test.each([
  ['a record that a sink refused', {}, 7n],
  ['a row that was in no topic', { record: null, group: null, stage: 'publish' }, null],
] as const)('what is written of %s is read', (_, rest, offset) => {
  const headers = deadLetterHeaders({ ...failure, ...rest });
  expect(Object.keys(headers).every(isDeadLetterHeader)).toBe(true);
  expect(read(headers)).toEqual({
    topic: 'p.shop.orders',
    partition: 2,
    offset,
    sequence: '0010000020000000101',
    stage: 'stage' in rest ? rest.stage : 'apply',
    errorClass: 'record',
    errorCode: 'REDIS_REFUSED',
    message: 'no',
    attempts: 4,
    failedAtMs: 1_795_252_177_716,
  });
});

test('what capture wrote before it used these headers is read: fewer of them', () => {
  const older = {
    'cdc.dlq.topic': 'p.shop.orders',
    'cdc.dlq.partition': '2',
    'cdc.dlq.stage': 'publish',
    'cdc.dlq.error.code': 'ROW_TOO_LARGE',
  };
  expect(read(older)).toMatchObject({
    offset: null,
    errorCode: 'ROW_TOO_LARGE',
    attempts: 0,
    failedAtMs: null,
  });
});

test('headers of something else are none', () => {
  expect(read({})).toBeNull();
  expect(read({ ...deadLetterHeaders(failure), 'cdc.dlq.offset': '' })).toBeNull();
  expect(isDeadLetterHeader('sequence')).toBe(false);
});
