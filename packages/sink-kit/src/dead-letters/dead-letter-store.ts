import { deadLetterTopic, decisionsTopic, TopicRouting } from '@sluice/envelope';
import {
  ensureTopics,
  inCopies,
  type PlacedRecord,
  type PlainProducer,
  type RecordPlace,
  RecordSeals,
  sealIn,
  TopicReader,
  type TopicRecord,
  type TopicSpec,
} from '@sluice/kafka';
import type { KafkaConfig, TopicsConfig } from '@sluice/runtime';
import { decodeDecision, encodeDecision, type Decision } from './decisions.ts';
import { parseDeadLetter, type DeadLetter } from './dead-letter.ts';
import { DeadLetterIndex } from './dead-letter-index.ts';

type Kafka = Parameters<typeof ensureTopics>[0];

export interface DeadLetterStoreOptions {
  readonly config: KafkaConfig;
  readonly kafka: Kafka;
  /** Connected; it stays its owner's. */
  readonly producer: PlainProducer;
  readonly topics: TopicsConfig;
  readonly sink: string;
  readonly signal: AbortSignal;
  readonly holdsResolved?: boolean;
  /** Called with each decision that has no seal though seals are required: it is passed over. */
  readonly onUnsealed: (place: RecordPlace) => void;
}

/** Milliseconds: people wait for the answer, or a partition of a topic. */
export const RECOVERY_MS = 15_000;
/** Retention deletes letters behind the index's back: it is made again so often. */
const RELOAD_MS = 3_600_000;
/** A decision is kept for at least so long, whatever became of its letter. */
const FORGET_AFTER_MS = 86_400_000;
const DECISIONS: TopicSpec['configs'] = {
  'cleanup.policy': 'compact',
  'segment.bytes': String(16 << 20),
  'min.cleanable.dirty.ratio': '0.5',
};

/** Dead letters and decisions of one sink as they stand in Kafka. Reads without a group; throws PipelineErrors. */
export class DeadLetterStore {
  readonly #options: DeadLetterStoreOptions;
  readonly #letters: string;
  readonly #decisions: string;
  readonly #routing: TopicRouting;
  readonly #reader: TopicReader;
  /** Null without `kafka.sealKeyFile`. */
  readonly seals: RecordSeals | null;
  #index: DeadLetterIndex;
  /** Next offset to read of each partition, letters and decisions. */
  #next = new Map<string, bigint>();
  #loadedAtMs = Number.NEGATIVE_INFINITY;
  /** Offset of the last decision without a seal that was told. */
  #unsealedTold = -1n;
  #running: Promise<unknown> = Promise.resolve();

  constructor(options: DeadLetterStoreOptions) {
    const { topics, sink, config, signal } = options;
    this.#options = options;
    this.#letters = deadLetterTopic(topics.prefix, sink);
    this.#decisions = decisionsTopic(topics.prefix, sink);
    this.#routing = new TopicRouting(topics);
    this.seals = RecordSeals.of(config);
    const onUnsealed = (place: RecordPlace): void => this.#tellUnsealed(place);
    const sealed = { seals: this.seals, has: (topic: string) => topic === this.#decisions, onUnsealed };
    this.#reader = new TopicReader({ kafka: config, signal, recoveryMs: RECOVERY_MS, sealed });
    this.#index = new DeadLetterIndex(options.holdsResolved);
  }

  /** What the last `refresh` saw. */
  get index(): DeadLetterIndex {
    return this.#index;
  }

  /** Creates the decisions topic when it is missing. */
  async open(): Promise<void> {
    const { kafka, topics } = this.#options;
    await ensureTopics(kafka, [{ name: this.#decisions, partitions: 1, ...inCopies(topics, DECISIONS) }]);
  }

  /**
   * While seals are introduced: writes the decisions that hold and have none again, with a seal. Otherwise nothing. Resolves to
   * how many there were.
   */
  async sealDecisions(): Promise<number> {
    const { seals } = this;
    if (seals === null || seals.isRequired) return 0;
    const newest = new Map<string, TopicRecord>();
    await this.#reader.readTopic(this.#decisions, {}, (record) => newest.set(String(record.key), record));
    const place = { topic: this.#decisions, partition: 0 };
    const bare = [...newest.values()].filter(
      ({ key, value, headers }) =>
        value !== null && !seals.isGenuine({ ...place, key, value }, sealIn(headers)),
    );
    for (const { key, value } of bare) await this.#send({ ...place, key, value });
    return bare.length;
  }

  /** Reads what has come since the last time, to the present end. One at a time. */
  async refresh(): Promise<DeadLetterIndex> {
    const turn = this.#running.then(() => this.#refresh());
    this.#running = turn.catch(() => undefined);
    await turn;
    return this.#index;
  }

  /** The newest copy of a letter with its bytes; null when retention has deleted it. */
  async read({ place }: DeadLetter): Promise<TopicRecord | null> {
    return this.#reader.readRecord(this.#letters, place.partition, place.offset);
  }

  /** Resolves when the decision is on all in-sync replicas. */
  async decide(decision: Decision): Promise<void> {
    await this.#send({ topic: this.#decisions, partition: 0, ...encodeDecision(decision) });
    this.#index.apply(decision);
  }

  /** Takes back decisions about letters that are gone, so that the topic stays as small as what it speaks of. */
  async prune(nowMs: number): Promise<number> {
    const ids = this.#index.forgotten(nowMs - FORGET_AFTER_MS);
    for (const id of ids) await this.decide({ kind: 'letter', id, value: null });
    return ids.length;
  }

  close(): void {
    this.#reader.close();
  }

  async #send(record: PlacedRecord): Promise<void> {
    await this.#options.producer.send({ ...record, headers: this.seals?.header(record) ?? {} });
  }

  /** Each once, however often it is read. */
  #tellUnsealed(place: RecordPlace): void {
    if (place.offset <= this.#unsealedTold) return;
    this.#unsealedTold = place.offset;
    this.#options.onUnsealed(place);
  }

  async #refresh(): Promise<void> {
    const isDue = performance.now() - this.#loadedAtMs > RELOAD_MS;
    const index = isDue ? new DeadLetterIndex(this.#options.holdsResolved) : this.#index;
    const next = isDue ? new Map<string, bigint>() : this.#next;
    // Decisions first, so that resolved letters take no room; and after the letters, for those made meanwhile.
    await this.#readDecisions(index, next);
    await this.#read(this.#letters, next, (record) => {
      const letter = parseDeadLetter(record, this.#routing);
      if (letter !== null) index.addDeadLetter(letter);
    });
    await this.#readDecisions(index, next);
    if (!isDue) return;
    this.#index = index;
    this.#next = next;
    this.#loadedAtMs = performance.now();
  }

  async #readDecisions(index: DeadLetterIndex, next: Map<string, bigint>): Promise<void> {
    const broken = new Map<string, unknown>();
    await this.#read(this.#decisions, next, ({ key, value }) => {
      const name = key?.toString('utf8') ?? '';
      try {
        index.apply(decodeDecision(key, value));
        broken.delete(name);
      } catch (error) {
        // A null value takes back what nobody can read: the record itself stays until it is compacted.
        if (value === null) broken.delete(name);
        else broken.set(name, error);
      }
    });
    for (const error of broken.values()) throw error;
  }

  async #read(
    topic: string,
    next: Map<string, bigint>,
    onRecord: (record: TopicRecord) => void,
  ): Promise<void> {
    const place = (partition: number): string => `${topic}/${partition}`;
    const fromOffset = (partition: number): bigint => next.get(place(partition)) ?? 0n;
    await this.#reader.readTopic(topic, { fromOffset }, (record) => {
      onRecord(record);
      next.set(place(record.partition), record.offset + 1n);
    });
  }
}
