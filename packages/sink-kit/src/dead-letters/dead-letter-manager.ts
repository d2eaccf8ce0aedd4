import { CAPTURE, deadLetterTopic, type Sequence, TopicRouting } from '@sluice/envelope';
import { type RecordPlace, type TopicPartition, TopicReader } from '@sluice/kafka';
import type { ReplayResult } from '@sluice/ops-api';
import { PipelineError, type Logger, type OpsRoute } from '@sluice/runtime';
import type { OffsetStore } from '../sink.ts';
import type { Decision, Halt } from './decisions.ts';
import { DeadLetterAdmin } from './dead-letter-admin.ts';
import { dlqRoutes } from './dlq-routes.ts';
import { haltedError, haltState } from './halt.ts';
import type { DeadLetterIndex } from './dead-letter-index.ts';
import { DeadLetterStore, RECOVERY_MS, type DeadLetterStoreOptions } from './dead-letter-store.ts';
import { RefusedKeys } from './refused-keys.ts';
import type { ReplayTools } from './replay.ts';

export interface DeadLetterManagerOptions extends Omit<DeadLetterStoreOptions, 'onUnsealed'> {
  /** See `settingsDigest`. */
  readonly settings: string;
  readonly log: Logger;
  readonly onDepth: (letters: number) => void;
  /** Something that somebody shall look at, and that stops nothing; it is in the log. */
  readonly onError: (error: PipelineError) => void;
  readonly onReplayed: (result: ReplayResult) => void;
  /** Operators have released records that strict tables hold: look again. */
  readonly onReleased: () => void;
  /** Operators have paused or resumed something: what is paused now, `database.table` or `*`. */
  readonly onPauses: (paused: readonly string[]) => void;
}

/** Which record a sink stopped at instead of diverting it. */
export interface HaltPlace {
  readonly topic: string;
  readonly partition: number;
  readonly offset: bigint;
}

const WINDOW_MS = 60_000;

/**
 * The running sink's side of dead letters: counts the open ones, obeys what operators have decided (a halt that stands, a
 * rewind that was ordered, a record that was released), and replays for them.
 */
export class DeadLetterManager {
  readonly #options: DeadLetterManagerOptions;
  readonly #store: DeadLetterStore;
  readonly #admin: DeadLetterAdmin;
  readonly #reader: TopicReader;
  readonly #refused: RefusedKeys;
  #releases = 0;
  #paused = '';

  constructor(options: DeadLetterManagerOptions) {
    this.#options = options;
    this.#store = new DeadLetterStore({ ...options, onUnsealed: (place) => this.#tellUnsealed(place) });
    this.#admin = new DeadLetterAdmin(this.#store);
    const { config: kafka, signal, topics, sink } = options;
    this.#reader = new TopicReader({ kafka, signal, recoveryMs: RECOVERY_MS });
    this.#refused = new RefusedKeys({
      reader: this.#reader,
      routing: new TopicRouting(topics),
      topics: [sink, CAPTURE].map((owner) => deadLetterTopic(topics.prefix, owner)),
    });
  }

  /**
   * Before anything is read from the topics. Throws DIVERSION_HALTED while a halt stands that nobody has answered.
   * @param offsets where the store keeps its own; a rewind moves them
   */
  async open(offsets: OffsetStore | undefined): Promise<void> {
    await this.#store.open();
    const sealed = await this.#store.sealDecisions();
    if (sealed > 0)
      this.#options.log.info({ event: 'decisions.sealed', decisions: sealed }, 'decisions got seals');
    await this.#refused.check();
    await this.refresh();
    await this.#rewind(offsets);
    const pruned = await this.#store.prune(Date.now());
    if (pruned > 0)
      this.#options.log.info({ event: 'dlq.pruned', decisions: pruned }, 'old decisions dropped');
  }

  /** Looks at Kafka. Throws DIVERSION_HALTED when a member of the group has halted, since when all of them have to. */
  async refresh(): Promise<void> {
    const { onDepth, onReleased } = this.#options;
    const index = await this.#store.refresh();
    onDepth(index.depth);
    await this.#obeyHalt(index.halt);
    this.#tellPauses([...index.pauses.keys()].sort());
    if (index.releases === this.#releases) return;
    this.#releases = index.releases;
    onReleased();
  }

  #tellPauses(paused: readonly string[]): void {
    const text = paused.join('\n');
    if (text === this.#paused) return;
    this.#paused = text;
    this.#options.log.info({ event: 'sink.paused', paused }, 'what operators have paused');
    this.#options.onPauses(paused);
  }

  /** Times, in milliseconds since 1970, of dead letters of the last minute: a restart is no reason to count from zero. */
  recentDeadLetters(nowMs: number): readonly number[] {
    const { index } = this.#store;
    const since = Math.max(nowMs - WINDOW_MS, index.halt?.accepted?.at ?? 0);
    return index.letters().flatMap(({ failedAtMs }) => (failedAtMs > since ? [failedAtMs] : []));
  }

  /** See `RefusedKeys.of`. */
  refusedKeys(where: TopicPartition, since: Sequence): AsyncIterable<readonly string[]> {
    return this.#refused.of(where, since);
  }

  isReleased(id: string): boolean {
    return this.#store.index.isReleased(id);
  }

  /** Lets pass what waits for an operator's word; whoever waits for it looks again. */
  async release(id: string, by: string, reason?: string): Promise<void> {
    await this.#admin.release(id, by, reason);
    await this.refresh();
  }

  /** Partitions that the sink lacks older records of, by `partitionName`. */
  get incomplete(): DeadLetterIndex['incomplete'] {
    return this.#store.index.incomplete;
  }

  /** What the sink has passed over, by `skippedName`. */
  get skipped(): DeadLetterIndex['skipped'] {
    return this.#store.index.skipped;
  }

  /** Resolves when Kafka has stored it. */
  async decide(decision: Decision): Promise<void> {
    await this.#store.decide(decision);
  }

  /** Resolves to the error to stop with, when Kafka has stored that this sink is stopped. */
  async halt({ topic, partition, offset }: HaltPlace, cause: PipelineError): Promise<PipelineError> {
    const { settings, sink } = this.#options;
    const value: Halt = {
      at: Date.now(),
      settings,
      code: cause.code,
      message: cause.message,
      topic,
      partition,
      offset: String(offset),
      accepted: null,
    };
    await this.#store.decide({ kind: 'halt', value });
    return haltedError(sink, value);
  }

  routes(write: ReplayTools['write']): readonly OpsRoute[] {
    const { sink, topics, log, onReplayed } = this.#options;
    const routing = new TopicRouting(topics);
    const { seals } = this.#store;
    return dlqRoutes({ admin: this.#admin, sink, routing, seals, write, onReplayed, log });
  }

  close(): void {
    this.#store.close();
    this.#reader.close();
  }

  async #obeyHalt(halt: Halt | null): Promise<void> {
    const { settings, sink, log } = this.#options;
    const state = haltState(halt, settings);
    if (halt === null || state === 'none') return;
    if (state === 'stopped') throw haltedError(sink, halt);
    const accepted = { at: Date.now(), by: sink, reason: 'the settings of the sink have changed' };
    await this.#store.decide({ kind: 'halt', value: { ...halt, accepted } });
    log.warn({ event: 'halt.lifted', code: halt.code }, 'other settings: the halt no longer applies');
  }

  #tellUnsealed({ topic, partition, offset }: RecordPlace): void {
    const message = 'a decision has no seal of kafka.sealKeyFile and is passed over: find out who wrote it';
    const place = { topic, partition, offset: String(offset) };
    this.#options.log.error({ event: 'record.unsealed', code: 'RECORD_UNSEALED', ...place }, message);
    this.#options.onError(new PipelineError('RECORD_UNSEALED', message, { context: place }));
  }

  /** A crash before the last line makes it happen again at the next start, before anything has moved: harmless. */
  async #rewind(offsets: OffsetStore | undefined): Promise<void> {
    for (const { topic, partition, offset, acceptGap, by } of this.#store.index.rewinds) {
      const stored = (await offsets?.read(topic, partition)) ?? 0n;
      if (offsets !== undefined && (acceptGap || stored > BigInt(offset))) {
        await offsets.set(topic, partition, BigInt(offset));
        this.#options.log.info({ event: 'sink.rewound', topic, partition, offset, by }, 'rewound');
      }
      await this.#store.decide({ kind: 'rewind', topic, partition, value: null });
    }
  }
}
