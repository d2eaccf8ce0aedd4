import { PipelineError } from '@sluice/runtime';
import type { TopicRecord } from './committed-records.ts';
import type { PartitionReader } from './partition-reader.ts';
import { sealIn, type RecordSeals } from './record-seals.ts';
import type { RecoveryWindow } from './recovery-window.ts';

export interface SealedTopics {
  /** Null without `kafka.sealKeyFile`: then every record is believed. */
  readonly seals: RecordSeals | null;
  readonly has: (topic: string) => boolean;
  /** Called with each record without a seal: it is passed over, as if it were not there. */
  readonly onUnsealed: (place: RecordPlace) => void;
}

/** Where a record stands. */
export interface RecordPlace {
  readonly topic: string;
  readonly partition: number;
  readonly offset: bigint;
}

/** Offsets looked at first from the end, and how much farther each next look goes. A transaction of one record takes two. */
export const FIRST_LOOK = 64n;
const LOOK_GROWTH = 8n;
/** The same of `readSince`, which keeps what it has read. */
const FIRST_STRETCH = 2048n;
const STRETCH_GROWTH = 4n;

/** Stretches of a partition, read_committed, forwards and from the end backwards. */
export class TopicRanges {
  readonly #reader: PartitionReader;
  readonly #window: () => RecoveryWindow;
  readonly #sealed: SealedTopics | undefined;

  /** @param window opens one for what is read next: a long topic may take longer than an outage is borne */
  constructor(reader: PartitionReader, window: () => RecoveryWindow, sealed: SealedTopics | undefined) {
    this.#reader = reader;
    this.#window = window;
    this.#sealed = sealed;
  }

  /** The newest record that `accept` takes; null when none does. */
  async newest(
    topic: string,
    partition: number,
    accept: (record: TopicRecord) => boolean,
    window: RecoveryWindow,
  ): Promise<TopicRecord | null> {
    const { start, end } = await this.#reader.bounds(topic, partition, window);
    let upper = end;
    for (let look = FIRST_LOOK; upper > start; look *= LOOK_GROWTH) {
      const lower = upper - look > start ? upper - look : start;
      let newest: TopicRecord | null = null;
      await this.read(topic, partition, lower, upper, (record) => {
        if (accept(record)) newest = record;
      });
      if (newest !== null) return newest;
      upper = lower;
    }
    return null;
  }

  /** The records from the newest that `isBegin` takes on, oldest first, each read once; all of them when it takes none. */
  async since(
    topic: string,
    partition: number,
    isBegin: (record: TopicRecord) => boolean,
    window: RecoveryWindow,
  ): Promise<{ readonly records: readonly TopicRecord[]; readonly next: bigint }> {
    const { start, end } = await this.#reader.bounds(topic, partition, window);
    const stretches: TopicRecord[][] = [];
    let upper = end;
    for (let stretch = FIRST_STRETCH; upper > start; stretch *= STRETCH_GROWTH) {
      const lower = upper - stretch > start ? upper - stretch : start;
      const read: TopicRecord[] = [];
      await this.read(topic, partition, lower, upper, (record) => read.push(record));
      const begin = read.findLastIndex(isBegin);
      stretches.unshift(read.slice(Math.max(0, begin)));
      if (begin >= 0) break;
      upper = lower;
    }
    return { records: stretches.flat(), next: end };
  }

  /** The offset behind all that the partition holds, once every transaction that began below has ended. */
  async settledEnd(topic: string, partition: number, window: RecoveryWindow): Promise<bigint> {
    const wanted = await this.#reader.highWatermark(topic, partition, window);
    for (;;) {
      const { end } = await this.#reader.bounds(topic, partition, window);
      if (end >= wanted) return end;
      const place = `${topic}/${partition}: of ${wanted} offsets only ${end} can be read`;
      await window.again(
        new PipelineError(
          'KAFKA_TRANSACTION_OPEN',
          `${place}, the next records belong to a transaction that has not ended`,
        ),
      );
    }
  }

  /** Every record of [from, to) in order; answers how many there were. */
  async read(
    topic: string,
    partition: number,
    from: bigint,
    to: bigint,
    onRecord: (record: TopicRecord) => void,
  ): Promise<number> {
    let count = 0;
    let offset = from;
    while (offset < to) {
      const { records, next } = await this.#reader.fetchNext(topic, partition, offset, this.#window());
      for (const record of records) {
        if (record.offset >= to) break;
        if (!this.#isBelieved(topic, partition, record)) continue;
        onRecord(record);
        count++;
      }
      offset = next;
    }
    return count;
  }

  #isBelieved(topic: string, partition: number, { offset, key, value, headers }: TopicRecord): boolean {
    const sealed = this.#sealed;
    if (sealed === undefined || sealed.seals === null || !sealed.has(topic)) return true;
    if (sealed.seals.accepts({ topic, partition, key, value }, sealIn(headers))) return true;
    sealed.onUnsealed({ topic, partition, offset });
    return false;
  }
}
