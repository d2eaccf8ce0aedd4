import { tableIdOf, type TableName } from '@sluice/envelope';
import type { TableDescription } from '@sluice/mysql';
import type { Logger } from '@sluice/runtime';
import type { Connection } from 'mysql2/promise';
import type { CaptureLoop } from '../stream/capture-loop.ts';
import type { CaptureSettings } from '../settings/capture-settings.ts';
import { refusalNow } from '../preflight/examine-table.ts';
import { newcomerOf } from '../preflight/new-tables.ts';
import { onConnection } from '../source/open-connection.ts';
import type { Source } from '../source/source.ts';
import { boundStatements } from '../source/statement-time.ts';
import type { SnapshotJobStore } from '../state/snapshot-job-store.ts';
import type { ChangeStream } from '../stream/change-stream.ts';
import type { OversizeRows } from '../encode/oversize.ts';
import { RowWriter } from '../encode/row-writer.ts';
import type { TableRoutes } from '../stream/table-routes.ts';
import type { TableWorkQueue } from '../stream/table-work.ts';
import { ChunkReader } from './chunk-reader.ts';
import { SnapshotController } from './snapshot-controller.ts';
import { SnapshotRunner, type SnapshotParts } from './snapshot-runner.ts';
import { SnapshotTable } from './snapshot-table.ts';
import { SnapshotScheduler } from './snapshot-scheduler.ts';
import { chooseVisibility } from './visibility.ts';

export interface SnapshotsParts {
  readonly settings: CaptureSettings;
  readonly source: Source;
  readonly stream: ChangeStream;
  readonly routes: TableRoutes;
  readonly work: TableWorkQueue;
  /** Makes the topics of a table that has none yet. */
  readonly admit: (table: TableName) => Promise<void>;
  readonly loop: CaptureLoop;
  readonly jobStore: SnapshotJobStore;
  readonly oversize: OversizeRows;
  /** Whether a table waits for an operator, by `database.table`: no row of it is read before. */
  readonly isStopped: (id: string) => boolean;
  readonly log: Logger;
}

/** The snapshots of one session of the stream: those that are owed or were begun, and those that operators ask for. */
export class Snapshots {
  readonly controller: SnapshotController;
  readonly #parts: SnapshotsParts;
  readonly #writer: RowWriter;

  constructor(parts: SnapshotsParts) {
    const { jobStore, loop, settings, log } = parts;
    this.#parts = parts;
    this.#writer = new RowWriter({ tombstones: false, oversize: parts.oversize });
    this.controller = new SnapshotController({
      jobStore,
      durably: (change) => loop.durably(change),
      connect: () => this.#connect(),
      describe: (table) => this.#describe(table),
      allowsSql: settings.config.snapshot.allowSql,
      filter: settings.filter,
      isFit: (table) =>
        refusalNow(settings.config, table) === null &&
        newcomerOf(settings.config, jobStore.known, table) === null,
      now: Date.now,
      log,
    });
  }

  /** Until the signal; throws a PipelineError when the source fails. */
  async run(signal: AbortSignal): Promise<void> {
    const { settings, jobStore, isStopped } = this.#parts;
    const scheduler = new SnapshotScheduler({
      jobStore,
      threads: settings.config.snapshot.maxThreads,
      isStopped,
      read: (id, until) => this.#read(id, until),
      now: Date.now,
    });
    await scheduler.run(signal);
  }

  /** Ends at once when the signal is aborted, whatever the source is asked just then. */
  async #read(id: string, signal: AbortSignal): Promise<void> {
    try {
      // How long a chunk may take is the server's to bound.
      await onConnection(this.#parts.source, { signal, answerMs: null }, async (connection) => {
        await this.#bound(connection);
        const reader = this.#chunkReader(connection);
        await new SnapshotRunner({ ...this.#runnerParts(), reader }, id).run(signal);
      });
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }

  async #connect(): Promise<Connection> {
    const connection = await this.#parts.source.connect();
    await this.#bound(connection);
    return connection;
  }

  /** The source is not kept busy for ever by what one order asks. */
  async #bound(connection: Connection): Promise<void> {
    const { source, settings } = this.#parts;
    await boundStatements(connection, source.facts, settings.config.snapshot.statementSeconds);
  }

  #describe(table: TableDescription): SnapshotTable {
    const { settings, source, routes } = this.#parts;
    const key = settings.config.source.keys[tableIdOf(table)];
    return new SnapshotTable(table, key, source.facts, (schema) => routes.compile(schema));
  }

  #chunkReader(connection: Connection): ChunkReader {
    const { settings, source, routes } = this.#parts;
    const visibility = chooseVisibility(connection, source.facts);
    const configuredKeys = settings.config.source.keys;
    const { allowSql: allowsSql, statementSeconds } = settings.config.snapshot;
    const from = { connection, visibility, server: source.facts, routes, configuredKeys };
    return new ChunkReader({ ...from, allowsSql, statementSeconds });
  }

  #runnerParts(): Omit<SnapshotParts, 'reader'> {
    const { settings, source } = this.#parts;
    const { chunkRows } = settings.config.snapshot;
    return { ...this.#parts, server: source.facts, writer: this.#writer, chunkRows };
  }
}
