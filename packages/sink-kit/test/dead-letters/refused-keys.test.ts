import type { TopicRecord } from '@sluice/kafka';
import { describe, expect, test } from 'vitest';
import { RefusedKeys } from '../../src/dead-letters/refused-keys.ts';
import { sequenceAt } from '../../src/testing/index.ts';
import { routing } from '../fixtures.ts';
import { topic } from './letters.ts';

const OWN = 'test.dlq.redis';
const OF_CAPTURE = 'test.dlq.capture';
const where = { topic: topic.topic, partition: 0 };

interface Refused {
  readonly id: number;
  readonly step: number;
  readonly of?: { readonly topic: string; readonly partition: number };
  readonly headers?: Readonly<Record<string, string>>;
}

/** Dead-letter topics of one partition each, which tests write to; `reads` tells where each look at one began. */
function deadLetterTopics(...names: readonly string[]) {
  const logs = new Map<string, TopicRecord[]>(names.map((name) => [name, []]));
  const ids = new Map<string, number>(names.map((name) => [name, 1]));
  const reads: string[] = [];
  const write = (name: string, ...letters: readonly Refused[]): void => {
    const log = logs.get(name) ?? [];
    logs.set(name, log);
    ids.set(name, ids.get(name) ?? 1);
    for (const letter of letters) log.push(letterIn(name, log.length, letter));
  };
  /** Deletes the topic and makes it again. */
  const remake = (name: string): void => {
    logs.delete(name);
    ids.set(name, (ids.get(name) ?? 0) + 1);
  };
  const reader = {
    topicIds: async () => new Map([...ids].map(([name, id]) => [name, `${name} ${id}`])),
    settledEnds: async (name: string) => (logs.has(name) ? [BigInt(logs.get(name)?.length ?? 0)] : []),
    firstRecord: async (
      name: string,
      partition: number,
      from: bigint,
      accept: (record: TopicRecord) => boolean,
    ) => {
      reads.push(`${name} from ${from}`);
      const log = partition === 0 ? (logs.get(name) ?? []) : [];
      const record = log.slice(Number(from)).find(accept) ?? null;
      return { record, next: record === null ? BigInt(log.length) : record.offset + 1n };
    },
  };
  const subject = new RefusedKeys({ reader, routing, topics: [OWN, OF_CAPTURE] });
  const keys = async (since: number, of = where): Promise<string[]> =>
    (await pagesOf(subject.of(of, sequenceAt(since)))).flat();
  return { remake, reads, write, subject, keys };
}

async function pagesOf(pages: AsyncIterable<readonly string[]>): Promise<(readonly string[])[]> {
  const all: (readonly string[])[] = [];
  for await (const page of pages) all.push(page);
  return all;
}

function letterIn(name: string, offset: number, { id, step, of = where, headers }: Refused): TopicRecord {
  const all = {
    topic: of.topic,
    partition: String(of.partition),
    stage: 'publish',
    version: sequenceAt(step),
    ...headers,
  };
  return {
    topic: name,
    partition: 0,
    offset: BigInt(offset),
    timestamp: 5,
    key: Buffer.from(`{"id":${id}}`),
    value: null,
    headers: new Map(Object.entries(all).map(([header, value]) => [`cdc.dlq.${header}`, Buffer.from(value)])),
  };
}

describe('keys of rows whose changes were refused', () => {
  test('by the sink or by capture, of this partition, since the snapshot began', async () => {
    const { write, keys } = deadLetterTopics();
    const elsewhere = { topic: topic.topic, partition: 1 };
    write(OWN, { id: 1, step: 25, headers: { offset: '7', stage: 'apply' } }, { id: 2, step: 19 });
    write(OF_CAPTURE, { id: 3, step: 20 }, { id: 4, step: 19 }, { id: 5, step: 30, of: elsewhere });
    write(
      OF_CAPTURE,
      { id: 6, step: 0, headers: { version: '' } },
      { id: 7, step: 40, headers: { topic: '' } },
    );
    expect(await keys(20)).toEqual(['{"id":1}', '{"id":3}', '{"id":6}']);
    expect(await keys(20, elsewhere)).toEqual(['{"id":5}']);
  });

  test('none where no such topic is, and what is made later is seen', async () => {
    const { write, keys, subject } = deadLetterTopics();
    await subject.check();
    expect(await keys(20)).toEqual([]);
    write(OF_CAPTURE, { id: 1, step: 30 });
    expect(await keys(20)).toEqual(['{"id":1}']);
  });

  test('come in pages, a row with many letters once in each', async () => {
    const { write, subject } = deadLetterTopics();
    const letters = Array.from({ length: 2500 }, (_, id) => [
      { id, step: 30 },
      { id, step: 31 },
    ]).flat();
    write(OF_CAPTURE, ...letters);
    const pages = await pagesOf(subject.of(where, sequenceAt(20)));
    expect(pages.map(({ length }) => length)).toEqual([1000, 1000, 502]);
    expect(new Set(pages.flat()).size).toBe(2500);
  });

  test('letters are read once where none is as new as the snapshot', async () => {
    const { write, keys, reads } = deadLetterTopics(OWN);
    write(OF_CAPTURE, { id: 1, step: 10 });
    await keys(20);
    write(OF_CAPTURE, { id: 2, step: 11 });
    await keys(20);
    await keys(20);
    expect(reads).toEqual([0, 1].map((offset) => `${OF_CAPTURE} from ${offset}`));
  });

  test('a topic that was made again is read from its beginning', async () => {
    const { remake, write, keys } = deadLetterTopics();
    write(OF_CAPTURE, { id: 1, step: 10 }, { id: 2, step: 10 });
    expect(await keys(20)).toEqual([]);
    remake(OF_CAPTURE);
    write(OF_CAPTURE, { id: 3, step: 30 }, { id: 4, step: 10 }, { id: 5, step: 10 });
    expect(await keys(20)).toEqual(['{"id":3}']);
  });
});
