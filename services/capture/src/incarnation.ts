import { BinlogDecoder, columnFromInformationSchema } from '@sluice/binlog';
import { checkpointsTopic, topicName } from '@sluice/envelope';
import { ensureTopics, type TransactionalPublisher } from '@sluice/kafka';
import type { TableDescription } from '@sluice/mysql';
import type { Logger } from '@sluice/runtime';
import { CaptureLoop } from './capture-loop.ts';
import type { CaptureSettings } from './capture-settings.ts';
import type { CaptureMetrics } from './metrics.ts';
import { SnapshotRunner } from './snapshot/snapshot-runner.ts';
import type { SnapshotTable } from './snapshot/snapshot-table.ts';
import { chooseVisibility } from './snapshot/visibility.ts';
import { BinlogReader } from './source/binlog-reader.ts';
import { GtidTracker } from './source/gtid-tracker.ts';
import type { Source } from './source/source.ts';
import { sealCheckpoint, type Checkpoint, type TableProgress } from './state/checkpoint.ts';
import type { StartPlan } from './state/plan-start.ts';
import type { TableRegistry } from './state/table-registry.ts';
import { schemaColumns, tableId } from './state/table.ts';
import { ChangeStream } from './stream/change-stream.ts';
import { appendJson, writeHeartbeat } from './stream/control-writer.ts';
import { Flusher } from './stream/flusher.ts';
import { BatchPool, PublishBuffer } from './stream/publish-buffer.ts';
import { RowWriter } from './stream/row-writer.ts';
import { TableRoutes, type Announcement } from './stream/table-routes.ts';
import { dataTopicSpec } from './topics.ts';

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
  #transactionsSeen = 0;

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
    this.#progress = new Map(Object.entries(plan.snapshot));
    this.#routes = new TableRoutes({
      prefix: settings.prefix,
      serverName: settings.serverName,
      filter: settings.filter,
      registry: parts.registry,
      configuredKeys: settings.config.source.keys,
    });
    const pool = new BatchPool();
    const maxMessageBytes = settings.config.topics.maxMessageBytes;
    const buffers = [
      new PublishBuffer(pool, maxMessageBytes),
      new PublishBuffer(pool, maxMessageBytes),
    ] as const;
    const { flavour } = source.facts;
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
    const decoder = new BinlogDecoder(this.#stream, { checksum: reader.checksum, flavour, file, position });
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
      limits: {
        flushRows: settings.config.capture.flushRows,
        flushBytes: settings.config.capture.flushBytes,
        heartbeatMs: settings.config.source.heartbeatIntervalMs,
      },
      settleTables: () => this.#settleTables(),
      writeCheckpoint: (buffer) => this.#writeCheckpoint(buffer),
      writeHeartbeat: (buffer) => this.#writeHeartbeat(buffer),
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

  /** Streams, and reads what the snapshot still owes, until the signal; throws the first error of either. */
  async run(signal: AbortSignal): Promise<void> {
    const ended = new AbortController();
    const both = AbortSignal.any([signal, ended.signal]);
    const { metrics, plan } = this.#parts;
    metrics.connected(plan.generation);
    this.#stream.onRotate(plan.from.file, plan.from.position);
    if (plan.opensGeneration) await this.#loop.publishCheckpoint();
    try {
      const snapshot = this.#snapshot(both);
      const streaming = this.#loop.run(both);
      await Promise.all([streaming, snapshot.catch((error: unknown) => this.#giveUp(ended, error))]);
    } finally {
      ended.abort();
      this.#reader.close();
    }
  }

  #giveUp(ended: AbortController, error: unknown): never {
    ended.abort();
    throw error;
  }

  async #snapshot(signal: AbortSignal): Promise<void> {
    const { settings, source, metrics, log, tables } = this.#parts;
    const owed =
      settings.config.snapshot.mode === 'never' ? [] : tables.filter((table) => !this.#isDone(table));
    metrics.state(owed.length > 0 ? 'snapshot' : 'streaming');
    if (owed.length === 0) return;
    const connection = await source.connect();
    try {
      const runner = new SnapshotRunner({
        connection,
        visibility: chooseVisibility(connection, source.facts),
        server: source.facts,
        stream: this.#stream,
        loop: this.#loop,
        writer: new RowWriter({ tombstones: false }),
        chunkRows: settings.config.snapshot.chunkRows,
        progress: this.#progress,
        openRoute: (table) =>
          this.#routes.open({ ...table, columns: schemaColumns(table.columns) }, this.#announcement),
        log,
      });
      await runner.run(
        owed.map((table) => this.#snapshotTable(table)),
        signal,
      );
      if (!signal.aborted) metrics.state('streaming');
    } finally {
      connection.destroy();
    }
  }

  #isDone({ database, table }: TableDescription): boolean {
    return this.#progress.get(tableId(database, table))?.state === 'done';
  }

  #snapshotTable(description: TableDescription): SnapshotTable {
    const { database, table } = description;
    const { flavour } = this.#parts.source.facts;
    const columns = description.columns.map((column) => columnFromInformationSchema(column, flavour));
    const keyColumns =
      this.#parts.settings.config.source.keys[tableId(database, table)] ?? description.primaryKey;
    const keyOrdinals = keyColumns.map((name) => columns.findIndex((column) => column.name === name));
    return { database, table, columns, keyColumns, keyOrdinals };
  }

  /** Topics of tables that were created after the start are made before their first row is decoded. */
  async #settleTables(): Promise<void> {
    const { settings, registry, tables } = this.#parts;
    for (const map of this.#routes.waiting) this.#noteNewTable(map.database, map.table);
    const topics = this.#routes.waiting.map((map) => topicName(settings.prefix, map.database, map.table));
    const missing = [...new Set(topics)].filter((topic) => !registry.hasTopic(topic));
    if (missing.length > 0) {
      const specs = missing.map((topic) => dataTopicSpec(settings.config, topic, tables.length));
      await ensureTopics(settings.kafka, specs);
      for (const spec of specs) registry.setPartitions(spec.name, spec.partitions);
    }
    this.#routes.settle(this.#announcement);
  }

  /** A table that did not exist when this life began has all its rows in the stream: it owes no snapshot. */
  #noteNewTable(database: string, table: string): void {
    const id = tableId(database, table);
    if (this.#parts.tables.some((known) => tableId(known.database, known.table) === id)) return;
    if (!this.#progress.has(id)) this.#progress.set(id, { state: 'done', lastKey: null, rows: 0 });
  }

  readonly #announcement = (): Announcement => {
    const stream = this.#stream;
    return { buffer: stream.buffer, point: stream.point() };
  };

  #writeHeartbeat(buffer: PublishBuffer): void {
    const stream = this.#stream;
    const point = stream.point();
    const timestamp = stream.atTip ? stream.now : point.timestamp;
    writeHeartbeat(buffer, this.#parts.settings.prefix, { ...point, timestamp });
  }

  #writeCheckpoint(buffer: PublishBuffer): void {
    const { settings } = this.#parts;
    const to = { topic: checkpointsTopic(settings.prefix), partition: 0 };
    const sealed = sealCheckpoint(this.#checkpoint());
    appendJson(buffer, to, settings.config.pipeline, sealed, this.#stream.now, {});
  }

  #checkpoint(): Checkpoint {
    const { settings, source, plan } = this.#parts;
    const { transaction, position, sequence, gtidSet, highest, fileCreatedAt, now } = this.#stream;
    return {
      version: 1,
      pipeline: settings.config.pipeline,
      flavour: source.facts.flavour,
      server: source.facts.identity,
      file: position.file,
      fileCreatedAt,
      position: transaction.open ? transaction.start : position.position,
      floor: transaction.open ? transaction.floorAtStart : sequence.floor,
      highest,
      gtidSet,
      generation: plan.generation,
      snapshot: Object.fromEntries(this.#progress),
      savedAt: now,
    };
  }

  #countPublished(published: { rows: number; bytes: number; seconds: number }): void {
    const { transactions } = this.#stream;
    this.#parts.metrics.published(published, transactions - this.#transactionsSeen, this.#routes.all);
    this.#transactionsSeen = transactions;
  }
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
