import { BinlogDecoder } from '@sluice/binlog';
import { checkpointsTopic } from '@sluice/envelope';
import type { TransactionalPublisher } from '@sluice/kafka';
import type { TableDescription } from '@sluice/mysql';
import type { Logger } from '@sluice/runtime';
import type { Connection } from 'mysql2/promise';
import { CaptureLoop, type LoopLimits } from './capture-loop.ts';
import type { CaptureSettings } from './capture-settings.ts';
import { makeCheckpoint } from './checkpoint-maker.ts';
import type { CaptureMetrics } from './metrics.ts';
import { NewTables } from './new-tables.ts';
import { ChunkReader } from './snapshot/chunk-reader.ts';
import { SnapshotRunner } from './snapshot/snapshot-runner.ts';
import { chooseVisibility } from './snapshot/visibility.ts';
import { BinlogReader } from './source/binlog-reader.ts';
import { GtidTracker } from './source/gtid-tracker.ts';
import type { Source } from './source/source.ts';
import { sealCheckpoint, type TableProgress } from './state/checkpoint.ts';
import type { StartPlan } from './state/plan-start.ts';
import type { TableRegistry } from './state/table-registry.ts';
import { tableId } from './state/table.ts';
import { ColumnBook } from './state/column-book.ts';
import { ChangeStream } from './stream/change-stream.ts';
import { appendJson, writeHeartbeat } from './stream/control-writer.ts';
import { Flusher } from './stream/flusher.ts';
import { BatchPool, PublishBuffer } from './stream/publish-buffer.ts';
import { RowWriter } from './stream/row-writer.ts';
import { TableRoutes } from './stream/table-routes.ts';

export interface IncarnationParts {
  readonly settings: CaptureSettings;
  readonly source: Source;
  readonly publisher: TransactionalPublisher;
  readonly plan: StartPlan;
  readonly registry: TableRegistry;
  readonly tables: readonly TableDescription[];
  readonly metrics: CaptureMetrics;
  readonly log: Logger;
}

/**
 * One life of the stream: everything between a successful fence and the first error of reading or publishing. Nothing in
 * it is mended or rolled back; after an error the next incarnation begins at the checkpoint.
 */
export class Incarnation {
  readonly #parts: IncarnationParts;
  readonly #stream: ChangeStream;
  readonly #routes: TableRoutes;
  readonly #reader: BinlogReader;
  readonly #flusher: Flusher;
  readonly #loop: CaptureLoop;
  readonly #progress: Map<string, TableProgress>;
  readonly #newTables: NewTables;
  #transactionsSeen = 0;
  /** Whether the generation of this life is in the checkpoint topic. */
  isGenerationDurable: boolean;

  static async open(parts: IncarnationParts, signal: AbortSignal): Promise<Incarnation> {
    const { settings, source, plan } = parts;
    const reader = await BinlogReader.open({
      connection: source.connectionOptions,
      serverId: settings.serverId,
      from: plan.from,
      heartbeatMs: settings.config.source.heartbeatIntervalMs,
      queueBytes: settings.config.memory.queueBytes,
      log: parts.log,
    });
    return new Incarnation(parts, reader, signal);
  }

  private constructor(parts: IncarnationParts, reader: BinlogReader, signal: AbortSignal) {
    const { settings, source, plan } = parts;
    this.#parts = parts;
    this.#reader = reader;
    this.isGenerationDurable = !plan.opensGeneration;
    this.#progress = progressOf(plan, parts.tables);
    const { flavour } = source.facts;
    const columnBook = new ColumnBook({
      server: source.facts,
      registry: parts.registry,
      described: plan.isAnew ? parts.tables : [],
    });
    this.#routes = new TableRoutes({
      prefix: settings.prefix,
      serverName: settings.serverName,
      filter: settings.filter,
      registry: parts.registry,
      configuredKeys: settings.config.source.keys,
      ignoresCase: source.facts.ignoresCase,
      columnBook,
    });
    const buffers = newBuffers(settings.config.topics.maxMessageBytes, parts.publisher);
    this.#stream = new ChangeStream({
      server: settings.serverName,
      serverId: source.facts.serverId,
      generation: plan.generation,
      resume: plan.resume,
      gtids: plan.gtidSet === null ? null : new GtidTracker(flavour, plan.gtidSet),
      routes: this.#routes,
      buffer: buffers[0],
      tombstones: settings.config.topics.tombstones,
    });
    const { file, position } = plan.from;
    const decoder = new BinlogDecoder(this.#stream, {
      checksum: reader.checksum,
      flavour,
      file,
      position,
      columnFacts: (map) => columnBook.factsOf(map),
    });
    this.#flusher = new Flusher(parts.publisher, afterDrainTime(signal), (published) => {
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
      settleTables: () => this.#newTables.settle(this.#stream.announcement),
      writeCheckpoint: (buffer) => this.#writeCheckpoint(buffer),
      writeHeartbeat: (buffer) => this.#writeHeartbeat(buffer),
    });
    this.#newTables = new NewTables({
      settings,
      source,
      registry: parts.registry,
      routes: this.#routes,
      columnBook,
      tables: parts.tables.length,
      progress: this.#progress,
      publishCheckpoint: () => this.#loop.publishCheckpoint(),
      log: parts.log,
    });
  }

  get stream(): ChangeStream {
    return this.#stream;
  }

  get snapshotProgress(): ReadonlyMap<string, TableProgress> {
    return this.#progress;
  }

  get queuedBytes(): number {
    return this.#reader.queuedBytes;
  }

  async close(): Promise<void> {
    this.#reader.close();
    await this.#parts.publisher.close();
  }

  /** Whether tables are still to be read. */
  get owesSnapshot(): boolean {
    return this.#owed().length > 0;
  }

  /**
   * Streams, and reads what the snapshot still owes, until the signal. The first error of either side ends the other and
   * is thrown when both have ended.
   */
  async run(signal: AbortSignal): Promise<void> {
    const ended = new AbortController();
    const both = AbortSignal.any([signal, ended.signal]);
    const endBoth = (error: unknown): never => {
      ended.abort();
      throw error;
    };
    const { metrics, plan } = this.#parts;
    metrics.connected(plan.generation);
    this.#stream.onRotate(plan.from.file, plan.from.position);
    if (plan.opensGeneration) await this.#loop.publishCheckpoint();
    this.isGenerationDurable = true;
    const sides = [this.#loop.run(both).catch(endBoth), this.#snapshot(both).catch(endBoth)];
    try {
      await Promise.all(sides);
    } finally {
      await Promise.allSettled(sides);
      this.#reader.close();
    }
  }

  #owed(): readonly TableDescription[] {
    const { settings, tables } = this.#parts;
    if (settings.config.snapshot.mode === 'never') return [];
    return tables.filter(
      (table) => this.#progress.get(tableId(table.database, table.table))?.state !== 'done',
    );
  }

  /** Ends at once when the signal is aborted, whatever the source is asked just then. */
  async #snapshot(signal: AbortSignal): Promise<void> {
    const { source, metrics } = this.#parts;
    const owed = this.#owed();
    metrics.state(owed.length > 0 ? 'snapshot' : 'streaming');
    if (owed.length === 0) return;
    const connection = await source.connect();
    const hangUp = (): void => connection.destroy();
    signal.addEventListener('abort', hangUp);
    try {
      await this.#snapshotRunner(connection).run(owed, signal);
      if (!signal.aborted) metrics.state('streaming');
    } catch (error) {
      if (!signal.aborted) throw error;
    } finally {
      signal.removeEventListener('abort', hangUp);
      connection.destroy();
    }
  }

  #snapshotRunner(connection: Connection): SnapshotRunner {
    const { settings, source, plan, log } = this.#parts;
    const visibility = chooseVisibility(connection, source.facts, plan.gtidSet !== null);
    const configuredKeys = settings.config.source.keys;
    return new SnapshotRunner({
      reader: new ChunkReader({
        connection,
        visibility,
        server: source.facts,
        routes: this.#routes,
        configuredKeys,
      }),
      server: source.facts,
      stream: this.#stream,
      routes: this.#routes,
      loop: this.#loop,
      writer: new RowWriter({ tombstones: false }),
      chunkRows: settings.config.snapshot.chunkRows,
      progress: this.#progress,
      followsGap: plan.generation > 1,
      log,
    });
  }

  #writeHeartbeat(buffer: PublishBuffer): void {
    const stream = this.#stream;
    const point = stream.point();
    const timestamp = stream.atTip ? stream.now : point.timestamp;
    writeHeartbeat(buffer, this.#parts.settings.prefix, { ...point, timestamp });
  }

  #writeCheckpoint(buffer: PublishBuffer): void {
    const { settings, source, plan } = this.#parts;
    const to = { topic: checkpointsTopic(settings.prefix), partition: 0 };
    const checkpoint = makeCheckpoint({
      settings,
      server: source.facts,
      generation: plan.generation,
      stream: this.#stream,
      progress: this.#progress,
    });
    appendJson(buffer, to, settings.config.pipeline, sealCheckpoint(checkpoint), this.#stream.now, {});
  }

  #countPublished(published: { rows: number; bytes: number; seconds: number }): void {
    const { transactions } = this.#stream;
    this.#parts.metrics.published(published, transactions - this.#transactionsSeen, this.#routes.all);
    this.#transactionsSeen = transactions;
  }
}

/** Progress of the tables that are captured now: one that was left out for a while begins anew when it comes back. */
function progressOf(plan: StartPlan, tables: readonly TableDescription[]): Map<string, TableProgress> {
  const captured = new Set(tables.map(({ database, table }) => tableId(database, table)));
  return new Map(Object.entries(plan.snapshot).filter(([id]) => captured.has(id)));
}

function limitsOf({ config }: CaptureSettings): LoopLimits {
  const { flushRows, flushBytes } = config.capture;
  return { flushRows, flushBytes, heartbeatMs: config.source.heartbeatIntervalMs };
}

/** Two that take turns: one is published while the other fills. */
function newBuffers(
  maxMessageBytes: number,
  publisher: TransactionalPublisher,
): readonly [PublishBuffer, PublishBuffer] {
  const pool = new BatchPool();
  const buffer = (): PublishBuffer =>
    new PublishBuffer(pool, maxMessageBytes, (batch) => publisher.compress(batch));
  return [buffer(), buffer()];
}

/** Aborts this long after `stop`: what is under way at the order to stop is still published, an outage does not hold it up. */
const DRAIN_MS = 8000;

function afterDrainTime(stop: AbortSignal): AbortSignal {
  const timeUp = new AbortController();
  stop.addEventListener('abort', () => setTimeout(() => timeUp.abort(stop.reason), DRAIN_MS).unref(), {
    once: true,
  });
  return timeUp.signal;
}
