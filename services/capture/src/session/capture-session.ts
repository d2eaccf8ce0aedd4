import { checkpointsTopic, type TableName } from '@sluice/envelope';
import type { KafkaOutage } from '@sluice/kafka';
import type { DdlJournal } from '../ddl/ddl-journal.ts';
import { Flusher, type Published } from '../encode/flusher.ts';
import type { PublishBuffer } from '../encode/publish-buffer.ts';
import type { BinlogGaps } from '../preflight/binlog-gaps.ts';
import type { RefusedTable } from '../preflight/refused-tables.ts';
import { readerOptions } from '../settings/capture-settings.ts';
import type { SnapshotController } from '../snapshot/snapshot-controller.ts';
import { Snapshots } from '../snapshot/snapshots.ts';
import { BinlogReader } from '../source/binlog-reader.ts';
import type { SnapshotJobStore } from '../state/snapshot-job-store.ts';
import { sourcesText } from '../state/source-history.ts';
import { CaptureLoop } from '../stream/capture-loop.ts';
import type { ChangeStream } from '../stream/change-stream.ts';
import { writeCheckpoint } from '../stream/checkpoint-maker.ts';
import { lostTopics } from './lost-topics.ts';
import { afterDrainTime, limitsOf, writeStreamHeartbeat, type DrainTime } from './publishing.ts';
import type { SessionParts } from './session-parts.ts';
import { newSessionStream, type SessionStream } from './session-stream.ts';
import { SessionWatches } from './session-watches.ts';
import { admitTable, restoreTopics } from './table-topics.ts';
import { tellSpans } from './tell-spans.ts';

/**
 * One session of capture: everything between a successful fence and the first error of reading or publishing. Nothing in
 * it is repaired or rolled back; after an error the next session begins at the checkpoint.
 */
export class CaptureSession {
  readonly #parts: SessionParts;
  readonly #sourcesText: string;
  readonly #reader: BinlogReader;
  readonly #sides: SessionStream;
  readonly #flusher: Flusher;
  readonly #drainTime: DrainTime;
  readonly #loop: CaptureLoop;
  readonly #snapshots: Snapshots;
  readonly #watches: SessionWatches;
  readonly #ended = new AbortController();
  #transactionsSeen = 0;
  /** Kafka transactions that this session has committed. */
  #published = 0;
  /** Whether the generation of this session is in the checkpoint topic. */
  isGenerationDurable: boolean;

  static async open(parts: SessionParts, signal: AbortSignal): Promise<CaptureSession> {
    const { settings, source, plan, log } = parts;
    const reader = await BinlogReader.open({ ...readerOptions(settings, source, log), from: plan.from });
    return new CaptureSession(parts, reader, signal);
  }

  private constructor(parts: SessionParts, reader: BinlogReader, signal: AbortSignal) {
    this.#parts = parts;
    this.#sourcesText = sourcesText(parts.sources);
    this.#reader = reader;
    this.isGenerationDurable = !parts.plan.opensGeneration;
    this.#sides = newSessionStream(parts, reader.checksum);
    this.#drainTime = afterDrainTime(signal);
    this.#flusher = new Flusher(parts.publisher, this.#drainTime.signal, (published) => {
      this.#countPublished(published);
      reader.wake();
    });
    this.#loop = this.#newLoop();
    this.#snapshots = this.#newSnapshots();
    this.#watches = new SessionWatches(parts, this.#sides, this.#loop);
    this.#sides.foreignKeys.follow(parts.gaps.cascades);
  }

  #newLoop(): CaptureLoop {
    const { settings, metrics } = this.#parts;
    const { decoder, stream, buffers, tables } = this.#sides;
    return new CaptureLoop({
      reader: this.#reader,
      decoder,
      stream,
      flusher: this.#flusher,
      buffers,
      limits: limitsOf(settings),
      settleTables: () => tables.settle(),
      writeCheckpoint: (buffer) => this.#writeCheckpoint(buffer),
      writeHeartbeat: (buffer) => writeStreamHeartbeat(buffer, settings, stream),
      measure: (stages) => metrics.stages(stages),
    });
  }

  #newSnapshots(): Snapshots {
    const { settings, source, journal, log } = this.#parts;
    const { stream, routes, work, jobStore, oversize, tables } = this.#sides;
    return new Snapshots({
      settings,
      source,
      stream,
      routes,
      work,
      admit: (table) => admitTable(this.#parts, table),
      loop: this.#loop,
      jobStore,
      oversize,
      isStopped: (id) => journal.isStopped(id) || tables.isRefused(id),
      log,
    });
  }

  get stream(): ChangeStream {
    return this.#sides.stream;
  }

  get snapshotJobStore(): SnapshotJobStore {
    return this.#sides.jobStore;
  }

  get snapshotController(): SnapshotController {
    return this.#snapshots.controller;
  }

  /** Whether a transaction that was not known before this session is in Kafka, and the checkpoint behind it. */
  get hasAdvanced(): boolean {
    return this.#transactionsSeen > 0;
  }

  /** What keeps the Kafka transaction under way from being committed; null while it gets on, or when there is none. */
  get kafkaError(): KafkaOutage | null {
    return this.#parts.publisher.trouble;
  }

  /** Whether this session has brought anything to Kafka. */
  get hasPublished(): boolean {
    return this.#published > 0;
  }

  /** What changes while all is well: the rounds of the loop, the place in the binlog, what is committed to Kafka. */
  get signsOfLife(): readonly (number | string)[] {
    const { now, place } = this.stream;
    return [now, String(place.position.position), this.#published];
  }

  /** When the Kafka transaction under way was begun, in milliseconds since 1970; null when there is none. */
  get publishingSince(): number | null {
    return this.#flusher.busySince;
  }

  get journal(): DdlJournal {
    return this.#parts.journal;
  }

  /** Tables that are not captured, because they cannot be as they are. */
  get refusedTables(): readonly RefusedTable[] {
    return this.#sides.tables.refused;
  }

  get gaps(): BinlogGaps {
    return this.#watches.gaps;
  }

  /** Tables of which sinks may keep rows that foreign keys have changed, as `database.table`. */
  get unfollowed(): readonly string[] {
    return this.#sides.foreignKeys.unfollowed(this.gaps.cascades);
  }

  /** Which servers were read, this one last. */
  get sources(): SessionParts['sources'] {
    return this.#parts.sources;
  }

  /** The server that is read. */
  get source(): SessionParts['source'] {
    return this.#parts.source;
  }

  get queuedBytes(): number {
    return this.#reader.queuedBytes;
  }

  get queuedEvents(): number {
    return this.#reader.queuedEvents;
  }

  /** Resolves when a Kafka transaction that began after this call is committed; throws KAFKA_FENCED when another capture has taken over. */
  confirm(): Promise<void> {
    return this.#loop.durably(() => undefined);
  }

  /** Whether another capture of the pipeline has taken over. */
  isFenced(): Promise<boolean> {
    return this.#parts.publisher.isFenced(checkpointsTopic(this.#parts.settings.prefix));
  }

  async close(): Promise<void> {
    this.#drainTime.forget();
    this.#reader.close();
    await this.#parts.publisher.close();
  }

  /**
   * Streams, and reads what snapshots still have to, until the signal. The first error of any side ends the others
   * and is thrown when all have ended.
   */
  async run(signal: AbortSignal): Promise<void> {
    const ended = this.#ended;
    const both = AbortSignal.any([signal, ended.signal]);
    const endBoth = (error: unknown): never => {
      ended.abort();
      throw error;
    };
    await this.#begin();
    const running = [this.#loop.run(both), this.#snapshots.run(both), ...this.#watches.run(both)];
    const sides = running.map((side) => side.catch(endBoth));
    try {
      await Promise.all(sides);
    } finally {
      await Promise.allSettled(sides);
      this.#reader.close();
    }
  }

  /** What must be in Kafka before the first event is decoded. */
  async #begin(): Promise<void> {
    const { metrics, plan, lost, topics, registry, settings } = this.#parts;
    const { stream, routes } = this.#sides;
    metrics.connected(plan.generation);
    metrics.tables(registry.admitted(), (database, table) => settings.routing.topicsOf(database, table));
    stream.now = Date.now();
    stream.onRotate(plan.resume.file, plan.resume.position);
    const owesTables = lost.missing.length > 0 || lost.replaced.length > 0;
    if (plan.opensGeneration || owesTables) await this.#loop.publishCheckpoint();
    this.isGenerationDurable = true;
    // What was published to them is owed now, and the checkpoint says so: what stands there from here on is right.
    topics.forget(lostTopics(lost, registry));
    await restoreTopics(this.#parts, routes, stream);
  }

  /** An operator lets the table go on that was stopped. Once the stream has ended, the next session reads it. */
  resume(table: TableName): void {
    const note = (): void => this.#sides.work.add({ kind: 'resumed', table });
    void this.#loop.atBoundary(null, note).catch(() => undefined);
  }

  #writeCheckpoint(buffer: PublishBuffer): void {
    const { settings, source, plan } = this.#parts;
    const { stream, jobStore } = this.#sides;
    const known = { settings, server: source.facts, plan, sources: this.#sourcesText };
    writeCheckpoint(buffer, { ...known, stream, jobStore }, this.#parts);
  }

  #countPublished(published: Published): void {
    const { metrics, tracing } = this.#parts;
    const { transactions, skipped } = this.stream;
    this.#published += 1;
    metrics.published(published, transactions - this.#transactionsSeen, this.#sides.routes.all);
    metrics.skipped(skipped);
    tellSpans(tracing, published.traces, Date.now());
    this.#transactionsSeen = transactions;
  }
}
