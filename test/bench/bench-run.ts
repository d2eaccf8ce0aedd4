import type { Stack } from '@sluice/local-stack';
import { uniqueName, type Scope } from '../harness/scope.ts';
import { SourceDatabase } from '../harness/pipelines/source-database.ts';
import { settingSections, type BenchOptions, type Workload } from './arguments.ts';
import { BenchPipeline, type SinkName } from './bench-pipeline.ts';
import { binlogPlace } from './binlog-place.ts';
import { measureCapture, type Throughput } from './drain.ts';
import { measureLatency, type Latency } from './latency.ts';
import { ORDERS_TABLE, writeBulk, writeSingles, type Written } from './orders-table.ts';
import type { BinlogPlace } from './raw/raw-task.ts';
import { runRaw, type RawSpeed } from './raw/run-raw.ts';
import { measureSink } from './sink-drain.ts';
import { sinkSections } from './stores.ts';

/** A drain beside what its parts can do alone. */
export interface Drain extends Throughput {
  readonly packets: RawSpeed;
  readonly decode: RawSpeed;
  readonly publish: RawSpeed;
}

/** What one pass over the workloads found; a workload that was not asked for is missing. */
export type Results = Partial<
  Record<'bulk' | 'single', Drain> &
    Record<'snapshot' | `sink-${SinkName}`, Throughput> & { latency: Latency }
>;

/** Replica id of the program's own reader of the binlog. */
const RAW_SERVER_ID = 0x7f_b3_0c_41;

/** One pass over the workloads, in the order of `WORKLOADS`, on one table; nothing is left behind. */
export class BenchRun {
  readonly #stack: Stack;
  readonly #options: BenchOptions;
  readonly #progress: (line: string) => void;

  constructor(stack: Stack, options: BenchOptions, progress: (line: string) => void) {
    this.#stack = stack;
    this.#options = options;
    this.#progress = progress;
  }

  async run(): Promise<Results> {
    await using scope = new AsyncDisposableStack();
    const database = await SourceDatabase.create(scope, this.#stack[this.#options.source], 'bench');
    await database.run(ORDERS_TABLE);
    const results: Results = {};
    if (this.#wants('bulk')) results.bulk = await this.#drain(database, 'bulk', this.#options.rows);
    if (this.#wants('snapshot') || this.#sinks.length > 0) {
      if (!this.#wants('bulk')) await this.#write(database, 'bulk', this.#options.rows);
      Object.assign(results, await this.#snapshotAndSinks(database));
    }
    if (this.#wants('latency')) results.latency = await this.#latency(database);
    if (this.#wants('single')) results.single = await this.#drain(database, 'single', this.#options.singles);
    return results;
  }

  get #sinks(): readonly SinkName[] {
    const all: readonly SinkName[] = ['redis', 'elasticsearch', 'mysql'];
    return all.filter((sink) => this.#wants(`sink-${sink}`));
  }

  #wants(workload: Workload): boolean {
    return this.#options.workloads.includes(workload);
  }

  /** Written while capture is stopped with a stored position, then drained. */
  async #drain(database: SourceDatabase, kind: 'bulk' | 'single', rows: number): Promise<Drain> {
    await using scope = new AsyncDisposableStack();
    const pipeline = await this.#pipeline(scope, database, 'never');
    const first = await pipeline.start('capture');
    await first.process.stop();
    const from = await binlogPlace(database);
    const written = await this.#write(database, kind, rows);
    const to = await binlogPlace(database);
    this.#progress(`${kind}: draining`);
    const throughput = await measureCapture(pipeline, written);
    this.#progress(`${kind}: raw baselines`);
    return { ...throughput, ...(await this.#raw(database, pipeline, { from, to }, rows)) };
  }

  async #write(database: SourceDatabase, kind: 'bulk' | 'single', rows: number): Promise<Written> {
    this.#progress(`writing ${rows} rows, ${kind === 'bulk' ? '100 rows' : 'one row'} a transaction`);
    return kind === 'bulk' ? writeBulk(database, rows) : writeSingles(database, rows);
  }

  async #raw(
    database: SourceDatabase,
    pipeline: BenchPipeline,
    stretch: { readonly from: BinlogPlace; readonly to: BinlogPlace },
    rows: number,
  ): Promise<{ packets: RawSpeed; decode: RawSpeed; publish: RawSpeed }> {
    const events = {
      kind: 'events',
      server: database.server,
      serverId: RAW_SERVER_ID,
      database: database.name,
      ...stretch,
    } as const;
    const topic = `${pipeline.name}.raw`;
    await pipeline.createTopic(topic);
    const { brokers, partitions } = pipeline;
    return {
      packets: await runRaw({ ...events, decode: false }, rows),
      decode: await runRaw({ ...events, decode: true }, rows),
      publish: await runRaw(
        { kind: 'publish', brokers, partitions, topic, source: pipeline.topic, rows },
        rows,
      ),
    };
  }

  /** The sinks drain what the snapshot has published: every row once, into empty stores. */
  async #snapshotAndSinks(database: SourceDatabase): Promise<Results> {
    await using scope = new AsyncDisposableStack();
    const { rows } = this.#options;
    const pipeline = await this.#pipeline(scope, database, 'initial', this.#sinks);
    this.#progress('snapshot: reading');
    const snapshot = await measureCapture(pipeline, { snapshot: rows });
    const results: Results = this.#wants('snapshot') ? { snapshot } : {};
    for (const sink of this.#sinks) {
      this.#progress(`sink-${sink}: draining`);
      results[`sink-${sink}`] = await measureSink(pipeline, sink, rows);
    }
    return results;
  }

  async #latency(database: SourceDatabase): Promise<Latency> {
    await using scope = new AsyncDisposableStack();
    const pipeline = await this.#pipeline(scope, database, 'never');
    this.#progress('latency: measuring');
    return await measureLatency(pipeline, database, this.#options.latencySeconds);
  }

  #pipeline(
    scope: Scope,
    database: SourceDatabase,
    snapshot: 'initial' | 'never',
    sinks: readonly SinkName[] = [],
  ): Promise<BenchPipeline> {
    const { partitions, profiles, settings } = this.#options;
    return BenchPipeline.create(scope, {
      name: uniqueName('bench'),
      database,
      brokers: this.#stack.kafka.brokers,
      partitions,
      snapshot,
      sections: settingSections(settings),
      sinks: sinkSections(scope, this.#stack, sinks, database.name),
      profiles,
    });
  }
}
