import { checkpointsTopic, type TableName } from '@sluice/envelope';
import type { KafkaOutage } from '@sluice/kafka';
import { CaptureLoop } from '../stream/capture-loop.ts';
import { readerOptions } from '../settings/capture-settings.ts';
import { writeCheckpoint } from '../stream/checkpoint-maker.ts';
import { ForeignKeys } from '../tables/foreign-keys.ts';
import { TableLife } from '../tables/table-life.ts';
import { lostTopics } from './lost-topics.ts';
import { afterDrainTime, limitsOf, newBuffers, oversizeOf, writeStreamHeartbeat } from './publishing.ts';
import type { DrainTime } from './publishing.ts';
import { prepareTopics } from '../catalog/prepare-topics.ts';
import type { RefusedTable } from '../preflight/refused-tables.ts';
import type { SnapshotController } from '../snapshot/snapshot-controller.ts';
import { Snapshots } from '../snapshot/snapshots.ts';
import { snapshotsOwed } from './snapshots-owed.ts';
import { BinlogReader } from '../source/binlog-reader.ts';
import type { ReadUpTo } from '../source/purge-forecast.ts';
import { newReporter } from './schema-change-reports.ts';
import { newDecoder, newStream } from './new-stream.ts';
import { sourcesText } from '../state/source-history.ts';
import type { SessionParts } from './session-parts.ts';
import { SourceWatch } from './source-watch.ts';
import type { BinlogGaps } from '../preflight/binlog-gaps.ts';
import type { DdlJournal } from '../ddl/ddl-journal.ts';
import type { SnapshotJobStore } from '../state/snapshot-job-store.ts';
import { ColumnCatalog } from '../catalog/column-catalog.ts';
import type { ChangeStream } from '../stream/change-stream.ts';
import type { DdlReporter } from '../stream/ddl-reporter.ts';
import { Flusher, type Published } from '../encode/flusher.ts';
import type { OversizeRows } from '../encode/oversize.ts';
import type { PublishBuffer } from '../encode/publish-buffer.ts';
import { TableRoutes } from '../stream/table-routes.ts';
import { TableWorkQueue } from '../stream/table-work.ts';
import { watchRetention } from './retention-watch.ts';
import { tellSpans } from './tell-spans.ts';
import { watchTopics } from './topic-watch.ts';
import { isAccountedBy, watchUnaccounted } from './unaccounted-tables.ts';

/**
 * One session of capture: everything between a successful fence and the first error of reading or publishing. Nothing in
 * it is mended or rolled back; after an error the next session begins at the checkpoint.
 */
export class CaptureSession {
  readonly #parts: SessionParts;
  readonly #sourcesText: string;
  readonly #stream: ChangeStream;
  readonly #routes: TableRoutes;
  readonly #reader: BinlogReader;
  readonly #flusher: Flusher;
  readonly #drainTime: DrainTime;
  readonly #loop: CaptureLoop;
  readonly #jobStore: SnapshotJobStore;
  readonly #snapshots: Snapshots;
  readonly #oversize: OversizeRows;
  readonly #work = new TableWorkQueue();
  readonly #tables: TableLife;
  readonly #foreignKeys: ForeignKeys;
  readonly #sourceWatch: SourceWatch;
  readonly #ddl: DdlReporter;
  readonly #ended = new AbortController();
  #transactionsSeen = 0;
  /** Kafka transactions that this session has committed. */
  #published = 0;
  /** Whether the generation of this session is in the checkpoint topic. */
  isGenerationDurable: boolean;

  /** Whether a transaction that was not known before this session is in Kafka, and the checkpoint behind it. */
  get hasAdvanced(): boolean {
    return this.#transactionsSeen > 0;
  }

  static async open(parts: SessionParts, signal: AbortSignal): Promise<CaptureSession> {
    const { settings, source, plan, log } = parts;
    const reader = await BinlogReader.open({ ...readerOptions(settings, source, log), from: plan.from });
    return new CaptureSession(parts, reader, signal);
  }

  private constructor(parts: SessionParts, reader: BinlogReader, signal: AbortSignal) {
    const { settings, source, plan } = parts;
    this.#parts = parts;
    this.#sourcesText = sourcesText(parts.sources);
    this.#reader = reader;
    this.isGenerationDurable = !plan.opensGeneration;
    this.#jobStore = snapshotsOwed(settings, plan, parts.registry, parts.tables);
    this.#oversize = oversizeOf(parts);
    const described = plan.isAnew ? parts.tables : [];
    const columnCatalog = new ColumnCatalog({ server: source.facts, registry: parts.registry, described });
    this.#routes = this.#newRoutes(columnCatalog);
    this.#ddl = newReporter(parts);
    this.#foreignKeys = this.#newForeignKeys();
    const buffers = newBuffers(settings.config.topics.maxMessageBytes, parts.publisher, settings.seals);
    this.#stream = newStream(parts, {
      routes: this.#routes,
      work: this.#work,
      ddl: this.#ddl,
      cascades: this.#foreignKeys.marks,
      buffer: buffers[0],
      oversize: this.#oversize,
    });
    const decoder = newDecoder(parts, this.#stream, reader.checksum, columnCatalog);
    this.#drainTime = afterDrainTime(signal);
    this.#flusher = new Flusher(parts.publisher, this.#drainTime.signal, (published) => {
      this.#countPublished(published);
      reader.wake();
    });
    this.#loop = new CaptureLoop({
      reader,
      decoder,
      stream: this.#stream,
      flusher: this.#flusher,
      buffers,
      limits: limitsOf(settings),
      settleTables: () => this.#tables.settle(),
      writeCheckpoint: (buffer) => this.#writeCheckpoint(buffer),
      writeHeartbeat: (buffer) => writeStreamHeartbeat(buffer, settings, this.#stream),
      measure: (stages) => parts.metrics.stages(stages),
    });
    this.#tables = this.#watchTables(columnCatalog, () => decoder.forgetTables());
    this.#snapshots = this.#newSnapshots();
    this.#sourceWatch = this.#watchSource();
    this.#foreignKeys.follow(parts.gaps.cascades);
  }

  #newRoutes(columnCatalog: ColumnCatalog): TableRoutes {
    const { settings, source, history, registry, journal } = this.#parts;
    return new TableRoutes({
      history,
      serverName: settings.serverName,
      filter: settings.filter,
      registry,
      configuredKeys: settings.config.source.keys,
      ignoresCase: source.facts.ignoresCase,
      columnCatalog,
      work: this.#work,
      policies: settings.config.ddl,
      isStopped: (id) => journal.isStopped(id),
      isRefused: (id) => this.#tables.isRefused(id),
      lastChange: (id) => journal.lastChange(id),
      isUnsure: () => this.#jobStore.unsureUntil !== null,
    });
  }

  #watchTables(columnCatalog: ColumnCatalog, forgetMaps: () => void): TableLife {
    const { plan, journal, refusals } = this.#parts;
    return new TableLife({
      ...this.#parts,
      work: this.#work,
      stream: this.#stream,
      routes: this.#routes,
      columnCatalog,
      ddl: this.#ddl,
      jobStore: this.#jobStore,
      onRefused: (table) => refusals.say(table),
      onMended: (id) => refusals.over(id),
      afterGap: plan.generation > 1,
      isStopped: (id) => journal.isStopped(id),
      admit: (table) => this.#admit(table),
      forgetMaps,
    });
  }

  /** Makes the topics of a table that has none yet. */
  async #admit(table: TableName): Promise<void> {
    const { settings, registry, log } = this.#parts;
    if (registry.isAdmitted(table.database, table.table)) return;
    const others = registry.topics.size;
    await prepareTopics(settings, registry, { tables: [table], others, internal: false }, log);
  }

  #newForeignKeys(): ForeignKeys {
    return new ForeignKeys({
      ...this.#parts,
      flavour: this.#parts.source.facts.flavour,
      jobStore: this.#jobStore,
      ddl: this.#ddl,
      announcement: () => this.#stream.announcement(),
      isRefused: (id) => this.#tables.isRefused(id),
    });
  }

  #watchSource(): SourceWatch {
    const { settings, source, gaps, log } = this.#parts;
    const keys = this.#foreignKeys;
    return new SourceWatch({
      source,
      filter: settings.filter,
      found: gaps,
      ddlsPassed: () => this.#routes.ddlsPassed,
      // Once the stream has ended, the next session takes them.
      onCascades: (found) => void this.#loop.atBoundary(null, () => keys.take(found)).catch(() => undefined),
      log,
    });
  }

  #watchRetention(signal: AbortSignal): Promise<void> {
    const { source, metrics } = this.#parts;
    const readUpTo = (): ReadUpTo => ({
      ...this.#stream.place.position,
      committedAtMs: this.#stream.transaction.committedAtMs,
    });
    return watchRetention(
      { source, readUpTo, onAnswer: (answer, at) => metrics.retention(answer, at) },
      signal,
    );
  }

  #watchUnaccounted(signal: AbortSignal): Promise<void> {
    const { settings, source, journal } = this.#parts;
    const account = {
      takesFirst: settings.config.snapshot.mode === 'initial',
      isKnown: (id: string) => this.#jobStore.knows(id),
      isRefused: (id: string) => this.#tables.isRefused(id),
      isStopped: (id: string) => journal.isStopped(id),
      wasCreated: (database: string, table: string) => this.#routes.names.wasCreated({ database, table }),
    };
    return watchUnaccounted(
      {
        source,
        filter: settings.filter,
        work: this.#work,
        atBoundary: (mark, look) => this.#loop.atBoundary(mark, look),
        isAccounted: (table) => isAccountedBy(account, table),
      },
      signal,
    );
  }

  #newSnapshots(): Snapshots {
    const { settings, source, journal, log } = this.#parts;
    return new Snapshots({
      settings,
      source,
      stream: this.#stream,
      routes: this.#routes,
      work: this.#work,
      admit: (table) => this.#admit(table),
      loop: this.#loop,
      jobStore: this.#jobStore,
      oversize: this.#oversize,
      isStopped: (id) => journal.isStopped(id) || this.#tables.isRefused(id),
      log,
    });
  }

  get stream(): ChangeStream {
    return this.#stream;
  }

  get snapshotJobStore(): SnapshotJobStore {
    return this.#jobStore;
  }

  get snapshotController(): SnapshotController {
    return this.#snapshots.controller;
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
    const { now, place } = this.#stream;
    return [now, String(place.position.position), this.#published];
  }

  /** When the Kafka transaction under way was begun, in milliseconds since 1970; null when there is none. */
  get publishingSince(): number | null {
    return this.#flusher.busySince;
  }

  get journal(): DdlJournal {
    return this.#parts.journal;
  }

  /** Tables that are left alone, because they cannot be captured as they are. */
  get refusedTables(): readonly RefusedTable[] {
    return this.#tables.refused;
  }

  get gaps(): BinlogGaps {
    return this.#sourceWatch.gaps;
  }

  /** Tables of which sinks may keep rows that foreign keys have changed, as `database.table`. */
  get unfollowed(): readonly string[] {
    return this.#foreignKeys.unfollowed(this.gaps.cascades);
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
    const { metrics, plan, lost } = this.#parts;
    metrics.connected(plan.generation);
    this.#stream.now = Date.now();
    this.#stream.onRotate(plan.from.file, plan.from.position);
    const owesTables = lost.missing.length > 0 || lost.replaced.length > 0;
    if (plan.opensGeneration || owesTables) await this.#loop.publishCheckpoint();
    this.isGenerationDurable = true;
    // What was published to them is owed now, and the checkpoint says so: what stands there from here on is right.
    this.#parts.topics.forget(lostTopics(lost, this.#parts.registry));
    await this.#restoreTopics();
    const sides = [
      this.#loop.run(both).catch(endBoth),
      this.#snapshots.run(both).catch(endBoth),
      watchTopics(this.#parts, both).catch(endBoth),
      this.#sourceWatch.run(both).catch(endBoth),
      this.#watchRetention(both).catch(endBoth),
      this.#watchUnaccounted(both).catch(endBoth),
    ];
    try {
      await Promise.all(sides);
    } finally {
      await Promise.allSettled(sides);
      this.#reader.close();
    }
  }

  /** Makes the topics that are gone. Their tables are told before the first row: a reader has nothing else to know them by. */
  async #restoreTopics(): Promise<void> {
    const { settings, registry, lost, log } = this.#parts;
    const tables = lost.missing;
    const others = registry.topics.size;
    if (tables.length > 0) await prepareTopics(settings, registry, { tables, others, internal: false }, log);
    for (const { database, table } of [...tables, ...lost.emptied]) {
      const shape = registry.shapeOf(database, table);
      if (shape !== null) this.#routes.announced(shape, this.#stream.announcement);
    }
  }

  /** An operator lets the table go on that was stopped. Once the stream has ended, the next session reads it. */
  resume(table: TableName): void {
    const note = (): void => this.#work.add({ kind: 'resumed', table });
    void this.#loop.atBoundary(null, note).catch(() => undefined);
  }

  #writeCheckpoint(buffer: PublishBuffer): void {
    const { settings, source, plan } = this.#parts;
    const known = { settings, server: source.facts, plan, sources: this.#sourcesText };
    writeCheckpoint(buffer, { ...known, stream: this.#stream, jobStore: this.#jobStore }, this.#parts);
  }

  #countPublished(published: Published): void {
    const { transactions, skipped } = this.#stream;
    this.#published += 1;
    this.#parts.metrics.published(published, transactions - this.#transactionsSeen, this.#routes.all);
    this.#parts.metrics.skipped(skipped);
    tellSpans(this.#parts.tracing, published.traces, Date.now());
    this.#transactionsSeen = transactions;
  }
}
