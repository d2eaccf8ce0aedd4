import { setTimeout as delay } from 'node:timers/promises';
import type { Connection } from 'mysql2/promise';
import { checkpointsTopic, formatSequence, tableId } from '@sluice/envelope';
import type { Sequence, TableName } from '@sluice/envelope';
import type { TopicReader } from '@sluice/kafka';
import type { TablePlan } from '@sluice/ops-api';
import { createLogger, type SluiceConfig } from '@sluice/runtime';
import type { MysqlOptions } from '@sluice/mysql';
import { keptTopicsReader } from '../catalog/kept-topics.ts';
import { binlogFileNumber, isAtOrPast, type StreamPosition } from '../model/position.ts';
import { captureSettings, type CaptureSettings } from '../settings/capture-settings.ts';
import { readBinlogStatus, type BinlogStatus } from '../source/server.ts';
import type { Source } from '../source/source.ts';
import { openCheckpoint, snapshotsOf, type Checkpoint } from '../state/checkpoint.ts';
import { check, type Checked } from './check.ts';
import { planAll } from './plan.ts';
import { sourceConditionSql } from './source-condition.ts';

/** Of each partition of the topics, the offset behind all that was committed at the source; or why that cannot be known. */
export type PublishedEnds =
  | {
      readonly kind: 'known';
      readonly ends: ReadonlyMap<string, readonly bigint[]>;
      readonly point: PublishedPoint;
    }
  | { readonly kind: 'unknown'; readonly why: string };

/** A place between two transactions that capture has published up to. */
export interface PublishedPoint {
  /** No change up to here has a higher one, and none behind it a lower or the same. */
  readonly sequence: Sequence;
  readonly position: StreamPosition;
  /** Transactions up to here; null where the server gives no GTIDs. */
  readonly gtidSet: string | null;
}

const EVERY_MS = 150;
/** A quiet source has a new checkpoint with every heartbeat. */
const WAIT_MS = 30_000;
const KAFKA_MS = 20_000;

/** A pipeline that runs, from its source to its topics: what is published, and how far. Changes nothing. */
export class PublishedPipeline {
  readonly tables: readonly TablePlan[];
  readonly settings: CaptureSettings;
  readonly checked: Checked;
  readonly #source: Source;
  readonly #connection: Connection;
  readonly #reader: TopicReader;
  readonly #signal: AbortSignal;

  /** Throws a PipelineError when the source or Kafka cannot be asked. */
  static async open(config: SluiceConfig, signal: AbortSignal): Promise<PublishedPipeline> {
    const settings = captureSettings(config, [], createLogger('compare', { level: 'silent' }));
    const checked = await check({ settings, hasStreamed: false, acceptLostCheckpoint: false }, signal);
    if (checked.kafkaError !== null) throw checked.kafkaError;
    const { tables } = await planAll(settings, checked);
    const connection = await checked.source.connect();
    return new PublishedPipeline(settings, checked, tables, connection, signal);
  }

  private constructor(
    settings: CaptureSettings,
    checked: Checked,
    tables: readonly TablePlan[],
    connection: Connection,
    signal: AbortSignal,
  ) {
    this.tables = tables;
    this.settings = settings;
    this.checked = checked;
    this.#source = checked.source;
    this.#connection = connection;
    this.#signal = signal;
    this.#reader = keptTopicsReader(settings, signal, { recoveryMs: KAFKA_MS });
  }

  /** The source: of several servers, the one that capture would read. */
  get server(): MysqlOptions {
    return this.#source.server;
  }

  /** The end of the source's binlog now. Throws a PipelineError when the source cannot be asked. */
  position(): Promise<BinlogStatus> {
    return readBinlogStatus(this.#connection, this.#source.facts);
  }

  /** The condition as SQL for this table. Throws SNAPSHOT_REFUSED when it is none of our own language, or not for this table. */
  conditionSql(name: TableName, condition: string): string {
    const { source, found } = this.checked;
    return sourceConditionSql({ settings: this.settings, server: source.facts, found }, name, condition);
  }

  /** Waits, for a bounded time, until capture has published all that is committed at the source when this is called. */
  async endsOf(table: TablePlan): Promise<PublishedEnds> {
    const mark = await this.position();
    const { name: topic, pipeline } = this.#checkpoints;
    for (const until = Date.now() + WAIT_MS; ;) {
      const newest = await this.#reader.newestRecord(topic, pipeline);
      const value = newest?.value ?? null;
      const checkpoint = value === null ? null : openCheckpoint(value);
      const why =
        checkpoint === null ? 'capture has written no checkpoint' : this.#doubtOf(checkpoint, table);
      if (why !== null) return { kind: 'unknown', why };
      if (checkpoint !== null && isAtOrPast(checkpoint, mark))
        return { kind: 'known', ends: await this.#settledEnds(table), point: pointOf(checkpoint) };
      if (Date.now() > until)
        return {
          kind: 'unknown',
          why: 'capture has not published what the source has committed: is it running?',
        };
      await delay(EVERY_MS, undefined, { signal: this.#signal });
    }
  }

  /** From which sequence on the newest columns and key of each table hold, by its `tableId`. */
  schemas(): Record<string, string> {
    const { known } = this.checked;
    const held = this.tables.flatMap(({ database, table }) => {
      const since = known.newestSince(database, table);
      return since === null ? [] : [[tableId(database, table), since]];
    });
    return Object.fromEntries(held) as Record<string, string>;
  }

  close(): void {
    this.#connection.destroy();
    this.#reader.close();
  }

  get #checkpoints(): { readonly name: string; readonly pipeline: string } {
    const { prefix, config } = this.settings;
    return { name: checkpointsTopic(prefix), pipeline: config.pipeline };
  }

  /** Positions of another server say nothing; rows that a snapshot still has to bring are missing rightly. */
  #doubtOf(checkpoint: Checkpoint, { database, table }: TableName): string | null {
    if (checkpoint.server !== this.#source.facts.identity)
      return 'capture reads another server than the source';
    const { jobs } = snapshotsOf(checkpoint);
    const open = jobs.find(
      (job) =>
        job.database === database &&
        job.table === table &&
        ['pending', 'running', 'paused', 'failed'].includes(job.state),
    );
    return open === undefined ? null : `snapshot ${open.id} of the table is ${open.state}`;
  }

  async #settledEnds({ topics }: TablePlan): Promise<ReadonlyMap<string, readonly bigint[]>> {
    const ends = new Map<string, readonly bigint[]>();
    for (const topic of topics) ends.set(topic, await this.#reader.settledEnds(topic));
    return ends;
  }
}

/** The next image is numbered above both: it stands behind the position, and above all that was numbered before (`SequenceCounter`). */
function pointOf({ generation, file, position, floor, gtidSet }: Checkpoint): PublishedPoint {
  const sequence = formatSequence(generation, binlogFileNumber(file), Math.max(position, floor));
  return { sequence, position: { file, position }, gtidSet };
}
