import type { RecordSeals, TopicReader, TopicRecord } from '@sluice/kafka';

export interface KeptRecord {
  readonly key: string;
  readonly value: string | null;
  /** By these it has a seal. */
  readonly seals?: RecordSeals;
}

/** A topic of one partition, and how much of it was read. */
export interface KeptTopic {
  readonly reader: TopicReader;
  /** Records that the reader has given away. */
  readonly read: number;
  add(records: readonly KeptRecord[]): void;
}

export function topicOf(first: readonly KeptRecord[]): KeptTopic {
  const records: TopicRecord[] = [];
  let read = 0;
  const give = (some: readonly TopicRecord[]): readonly TopicRecord[] => {
    read += some.length;
    return some;
  };
  const add = (more: readonly KeptRecord[]): void => {
    for (const { key: name, value: text, seals } of more) {
      const key = Buffer.from(name);
      const value = text === null ? null : Buffer.from(text);
      const place = { topic: 't', partition: 0, key, value };
      const headers = Object.entries(seals?.header(place) ?? {}).map(
        ([header, seal]) => [header, Buffer.from(seal)] as const,
      );
      records.push({ ...place, offset: BigInt(records.length), timestamp: 0, headers: new Map(headers) });
    }
  };
  add(first);
  const reader: Pick<TopicReader, 'readSince' | 'readTopic'> = {
    readSince: (_topic, _partition, isBegin) => {
      const begin = Math.max(0, records.findLastIndex(isBegin));
      return Promise.resolve({ records: give(records.slice(begin)), next: BigInt(records.length) });
    },
    readTopic: (_topic, { fromOffset }, onRecord) => {
      const some = give(records.filter(({ offset }) => offset >= (fromOffset as bigint)));
      for (const record of some) onRecord(record);
      return Promise.resolve(some.length);
    },
  };
  return {
    reader: reader as TopicReader,
    add,
    get read() {
      return read;
    },
  };
}
