import type { GroupPosition } from '@sluice/kafka';
import { describe, expect, test } from 'vitest';
import type { KeptRecord } from '../../src/backup/kept-record.ts';
import { digestOf, notTaken, planGroup, planTopic } from '../../src/backup/restore-plan.ts';

const topic = {
  name: 'shop.sluice.ddl',
  id: 'i-1',
  partitions: 1,
  replicationFactor: 1,
  configs: {},
  records: { file: 'ddl.ndjson', count: 3 },
};

const record = (text: string): KeptRecord => ({
  partition: 0,
  offset: '0',
  timestamp: 0,
  key: null,
  value: Buffer.from(text),
  headers: {},
});
const records = ['a', 'b', 'c'].map(record);
const [a = '', b = '', c = ''] = records.map(digestOf);
const other = digestOf(record('x'));

describe('a topic', () => {
  test.each([
    ['is created when it is not there', undefined, 'create', 'abc'],
    ['is filled when it is empty', [], 'fill', 'abc'],
    ['gets the rest of an interrupted restore', [a, b], 'fill', 'c'],
    ['has all', [a, b, c], 'same', ''],
    ['stays as it is with others', [other], 'keep', ''],
    ['stays as it is when more has come since', [a, b, c, other], 'keep', ''],
    ['stays as it is in another order', [b, a], 'keep', ''],
  ] as const)('%s', (_, there, action, missing) => {
    const plan = planTopic({ topic, records }, there, false);
    expect([plan.action, plan.missing.map(({ value }) => String(value)).join('')]).toEqual([action, missing]);
  });

  test('of records that tell their time themselves gets those that it lacks', () => {
    const plan = planTopic({ topic, records }, [other, b], true);
    expect([plan.action, plan.missing.map(({ value }) => String(value))]).toEqual(['fill', ['a', 'c']]);
  });

  test('tells a null from nothing, and a key from a value', () => {
    const digests = [
      { key: null, value: null },
      { key: Buffer.alloc(0), value: null },
      { key: null, value: Buffer.alloc(0) },
      { key: Buffer.from('ab'), value: Buffer.from('c') },
      { key: Buffer.from('a'), value: Buffer.from('bc') },
    ].map(digestOf);
    expect(new Set(digests).size).toBe(5);
  });
});

describe('what was written', () => {
  const planned = (there: readonly string[] | undefined) => planTopic({ topic, records }, there, false);
  const before = planned([a]);

  test.each([
    ['has all of it', [a, b, c], null],
    ['lacks some', [a, b], 'shop.sluice.ddl has not taken all records: run the command again'],
    ['has what somebody else wrote in between', [a, other, b, c], 'shop.sluice.ddl has other records'],
    ['has what somebody else wrote behind it', [a, b, c, other], 'shop.sluice.ddl has other records'],
    ['is gone', undefined, 'shop.sluice.ddl has not taken all records'],
  ] as const)('%s', (_, there, message) => {
    const why = notTaken([before], [planned(there)]);
    if (message === null) expect(why).toBeNull();
    else expect(why).toContain(message);
  });

  test('tells nothing of topics that were left as they are', () => {
    expect(notTaken([], [planned([other])])).toBeNull();
  });
});

describe('a group', () => {
  const ids = new Map([
    ['t', 'now'],
    ['u', 'now'],
  ]);
  const at = (partition: number, committed: bigint | null): GroupPosition => ({
    topic: 't',
    partition,
    committed,
    low: 5n,
    high: 20n,
    atTime: null,
  });
  const offsets = (offset: string, topicId: string | null = 'now', partition = 0) => ({
    sink: 'redis',
    group: 'shop.redis',
    offsets: [{ topic: 't', partition, offset, topicId }],
  });
  const plan = (of: ReturnType<typeof offsets>, ...positions: GroupPosition[]) =>
    planGroup(of, positions, ids, () => undefined);
  const nothing = { moves: [], stay: 0, ahead: 0, fromBeginning: 0 };

  test('without an offset is set to the one that it had, with the id of the topic', () => {
    const moves = [{ topic: 't', partition: 0, offset: 12n, topicId: 'now' }];
    expect(plan(offsets('12'), at(0, null))).toMatchObject({ ...nothing, moves });
  });

  test('is never moved where it has an offset, forward or back', () => {
    expect(plan(offsets('12'), at(0, 7n))).toMatchObject({ ...nothing, stay: 1 });
    expect(plan(offsets('12'), at(0, 19n))).toMatchObject({ ...nothing, stay: 1, ahead: 1 });
  });

  test.each([
    ['in another topic of the name', offsets('12', 'before')],
    ['of a topic whose id nobody knows', offsets('12', null)],
    ['in front of what the broker has', offsets('4')],
    ['behind what the broker has', offsets('21')],
    ['in a partition that is not there', offsets('12', 'now', 9)],
  ])('begins anew %s', (_, of) => {
    expect(plan(of, at(0, null))).toMatchObject({ ...nothing, fromBeginning: 1 });
  });

  test('knows the topic by the backup where no id was stored with the offset', () => {
    expect(planGroup(offsets('12', null), [at(0, null)], ids, () => 'now').moves).toHaveLength(1);
  });
});
