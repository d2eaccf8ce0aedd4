import { createLogger, PipelineError } from '@sluice/runtime';
import type { Admin } from 'kafkajs';
import { expect, onTestFinished, test } from 'vitest';
import { Assignment } from '../src/consumer-assignment.ts';
import type { StartOffset } from '../src/consumer-start.ts';

const topic = 'shop.shop.orders';
const where = { topic, partition: 0 };

/** An assignment on a broker that answers from memory; `calls` is what kafkajs was told, in order. */
function assignment(
  stored: { offset: bigint | null },
  high = '9',
  remember?: (starts: readonly StartOffset[]) => Promise<void>,
  committed?: { readonly offset: string; readonly metadata: string | null },
  ids = async (): Promise<ReadonlyMap<string, string>> => new Map([[topic, 'new']]),
) {
  const calls: string[] = [];
  const note = (verb: string) => (to: readonly { topic: string; partitions?: number[] }[]) =>
    void calls.push(`${verb} ${to.flatMap(({ partitions }) => partitions).join()}`);
  const admin = {
    fetchOffsets: async () =>
      committed === undefined ? [] : [{ topic, partitions: [{ partition: 0, ...committed }] }],
    fetchTopicOffsets: async () => [0, 1].map((partition) => ({ partition, low: '0', high, offset: high })),
  } as unknown as Admin;
  const stop = new AbortController();
  onTestFinished(() => stop.abort());
  const failures: unknown[] = [];
  const subject = new Assignment({
    admin,
    groupId: 'g',
    consumer: {
      pause: note('pause'),
      resume: ((to: readonly { topic: string; partitions: number[] }[]) => note('resume')(to)) as never,
      seek: ({ partition, offset }) => void calls.push(`seek ${partition} to ${offset}`),
    },
    storedOffset:
      committed === undefined
        ? async () => (stored.offset === null ? null : { offset: stored.offset, topicId: null })
        : undefined,
    topicIds: ids,
    gapsAllowed: () => false,
    remember,
    onAssigned: (partitions) => void calls.push(`assigned ${partitions.length}`),
    onFailure: (error) => void failures.push(error),
    onWaiting: () => undefined,
    stopping: stop.signal,
    log: createLogger('test', { level: 'silent' }),
  });
  return { subject, calls, failures };
}

test('a partition is read only when its offset was found, whoever asks before', async () => {
  const { subject, calls } = assignment({ offset: 5n });
  subject.join({ [topic]: [0, 1] });
  subject.resume(where);
  expect(calls).toEqual(['pause 0,1']);
  await expect.poll(() => calls.slice(1)).toEqual(['seek 0 to 5', 'seek 1 to 5', 'assigned 2', 'resume 0,1']);
  subject.resume(where);
  expect(calls.at(-1)).toBe('resume 0');
});

test('nothing is read until what begins late is remembered', async () => {
  const kept: string[] = [];
  const remember = async (starts: readonly StartOffset[]): Promise<void> => {
    kept.push(starts.map(({ partition }) => partition).join());
    if (kept.length === 1) throw new PipelineError('KAFKA_UNREACHABLE', 'made by the test');
    expect(calls).toEqual(['pause 0']);
  };
  const { subject, calls } = assignment({ offset: 5n }, '9', remember);
  subject.join({ [topic]: [0] });
  await expect.poll(() => calls).toEqual(['pause 0', 'seek 0 to 5', 'assigned 1', 'resume 0']);
  expect(kept).toEqual(['0', '0']);
});

test('after the consumer has ended nothing is asked of it', async () => {
  const { subject, calls } = assignment({ offset: 5n });
  subject.join({ [topic]: [0] });
  subject.leave();
  await expect.poll(() => subject.partitions).toEqual([]);
  subject.resume(where);
  subject.reread(where);
  expect(calls).toEqual(['pause 0']);
});

test('a partition that is reread goes on at what is stored now', async () => {
  const stored = { offset: 5n };
  const { subject, calls } = assignment(stored);
  subject.join({ [topic]: [0] });
  await expect.poll(() => calls.at(-1)).toBe('resume 0');
  stored.offset = 8n;
  subject.reread(where);
  subject.resume(where);
  await expect.poll(() => calls.slice(4)).toEqual(['seek 0 to 8', 'resume 0']);
  expect(subject.position(where)).toBe(8n);
});

test('a broker that does not know the topic yet is asked again: nothing is committed without its id', async () => {
  let asked = 0;
  const ids = async (): Promise<ReadonlyMap<string, string>> =>
    new Map([['shop.shop.other', 'its'], ...(++asked === 1 ? [] : [[topic, 'new'] as const])]);
  const { subject, calls } = assignment({ offset: 5n }, '9', undefined, undefined, ids);
  subject.join({ [topic]: [0] });
  await expect.poll(() => calls.at(-1)).toBe('resume 0');
  expect([asked, subject.topicId(topic)]).toEqual([2, 'new']);
});

test('a gap is told, and nothing is read', async () => {
  const { subject, calls, failures } = assignment({ offset: 10n });
  subject.join({ [topic]: [0] });
  await expect.poll(() => failures).toMatchObject([{ code: 'DATA_GAP' }]);
  expect(calls).toEqual(['pause 0']);
});

test('an offset of a topic that was made again is no place to begin at, though a record has that number', async () => {
  const late: StartOffset[] = [];
  const remember = async (starts: readonly StartOffset[]): Promise<void> => void late.push(...starts);
  const { subject, calls } = assignment({ offset: null }, '9', remember, { offset: '5', metadata: 'old' });
  subject.join({ [topic]: [0] });
  await expect.poll(() => calls.slice(1)).toEqual(['seek 0 to 0', 'assigned 1', 'resume 0']);
  expect(late).toEqual([{ topic, partition: 0, offset: 0n, isLate: true }]);
});

test.each([
  ['new', '5', false],
  ['', '5', true],
  [null, '5', true],
  ['', '0', false],
])(
  'an offset with the id "%s" at %s is, and late where another program has put it there: %s',
  async (metadata, offset, isLate) => {
    const starts: StartOffset[] = [];
    const remember = async (found: readonly StartOffset[]): Promise<void> => void starts.push(...found);
    const { subject, calls } = assignment({ offset: null }, '9', remember, { offset, metadata });
    subject.join({ [topic]: [0] });
    await expect.poll(() => calls.slice(1)).toEqual([`seek 0 to ${offset}`, 'assigned 1', 'resume 0']);
    expect(starts).toEqual([{ topic, partition: 0, offset: BigInt(offset), isLate }]);
    expect(subject.topicId(topic)).toBe('new');
  },
);
