import { expect, test } from 'vitest';
import { PipelineError } from '../src/errors.ts';
import { Troubles } from '../src/troubles.ts';

const away = (what: string): PipelineError => new PipelineError('KAFKA_UNREACHABLE', what);
const refused = new PipelineError('MYSQL_TABLE_UNKNOWN', 'no such table');
const second = (n: number): string => new Date(n * 1000).toISOString();

function clocked(): { troubles: Troubles; at: (seconds: number) => void } {
  let now = 0;
  return {
    troubles: new Troubles(() => now),
    at: (seconds) => {
      now = seconds * 1000;
    },
  };
}

test('an error stands since its first try and was seen at its last; when it is over that is said', () => {
  const { troubles, at } = clocked();
  expect(troubles.lastError).toBeNull();
  troubles.note('kafka', away('first'));
  at(7);
  troubles.note('kafka', away('second'));
  expect(troubles.lastError).toEqual({
    code: 'KAFKA_UNREACHABLE',
    message: 'second',
    since: second(0),
    at: second(7),
    resolvedAt: null,
  });
  at(9);
  troubles.over('kafka');
  troubles.over('kafka');
  expect(troubles.of('kafka')).toBeNull();
  expect(troubles.lastError).toMatchObject({ since: second(0), at: second(7), resolvedAt: second(9) });
  at(20);
  troubles.note('kafka', away('again'));
  expect(troubles.lastError).toMatchObject({ since: second(20), resolvedAt: null });
});

test('another error of the same subject begins anew', () => {
  const { troubles, at } = clocked();
  troubles.note('p/0', refused);
  at(3);
  troubles.note('p/0', away('gone'));
  expect(troubles.of('p/0')).toMatchObject({ code: 'KAFKA_UNREACHABLE', since: second(3) });
});

test('an error that stands is never hidden by one that is over, nor by another subject that works', () => {
  const { troubles, at } = clocked();
  troubles.note('p/0', refused);
  at(1);
  troubles.note('kafka', away('gone'));
  expect(troubles.lastError).toMatchObject({ code: 'KAFKA_UNREACHABLE' });
  troubles.over('kafka');
  expect(troubles.lastError).toMatchObject({ code: 'MYSQL_TABLE_UNKNOWN', resolvedAt: null });
  troubles.note('p/1', refused);
  troubles.keepOnly((about) => about !== 'p/0');
  expect([troubles.of('p/0'), troubles.of('p/1')]).toEqual([null, expect.objectContaining({})]);
});
