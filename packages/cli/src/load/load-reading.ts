import type { PublishedPipeline } from '@sluice/capture/published';
import { GroupWatch, kafkaClient } from '@sluice/kafka';
import { createLogger, type SluiceConfig } from '@sluice/runtime';
import { importCapture } from '../operator/optional-packages.ts';
import { planOf } from '../operator/running-pipeline.ts';
import { sinkApplied, type TopicEnds } from '../operator/sink-applied.ts';
import { topicsOfSink } from '../operator/sink-topics.ts';

/** How far the pipeline has read the tables of a load, whatever else is written to the source meanwhile. */
export class LoadReading {
  readonly #config: SluiceConfig;
  readonly #pipeline: PublishedPipeline;
  readonly #groups: GroupWatch;
  readonly #database: string;
  readonly #tables: readonly string[];

  /**
   * @param tables of the database, which have been made
   * @param signal aborted when the load is interrupted
   * @throws PipelineError when the source or Kafka cannot be asked
   */
  static async open(
    config: SluiceConfig,
    { database, tables }: { readonly database: string; readonly tables: readonly string[] },
    signal: AbortSignal,
  ): Promise<LoadReading> {
    const { PublishedPipeline: Published } = await importCapture(() => import('@sluice/capture/published'));
    const pipeline = await Published.open(config, signal);
    const groups = new GroupWatch(kafkaClient(config.kafka, createLogger('sluice', { level: 'silent' })));
    return new LoadReading(config, pipeline, groups, database, tables);
  }

  private constructor(
    config: SluiceConfig,
    pipeline: PublishedPipeline,
    groups: GroupWatch,
    database: string,
    tables: readonly string[],
  ) {
    this.#config = config;
    this.#pipeline = pipeline;
    this.#groups = groups;
    this.#database = database;
    this.#tables = tables;
  }

  /** Waits, for a bounded time, until every sink has applied what is committed now: null; or resolves to why that cannot be known. */
  async applied(signal: AbortSignal): Promise<string | null> {
    const ends = await this.#publishedEnds();
    if (typeof ends === 'string') return ends;
    const { pipeline, sinks } = this.#config;
    const waits = Object.keys(sinks).map((sink) => {
      const isRead = topicsOfSink(this.#config, sink);
      const own = new Map([...ends].filter(([topic]) => isRead(topic)));
      return sinkApplied(this.#groups, { sink, group: `${pipeline}.${sink}` }, own, signal);
    });
    const reasons = await Promise.all(waits);
    return reasons.find((why) => why !== null) ?? null;
  }

  async close(): Promise<void> {
    this.#pipeline.close();
    await this.#groups.close();
  }

  async #publishedEnds(): Promise<TopicEnds | string> {
    const ends = new Map<string, readonly bigint[]>();
    for (const table of this.#tables) {
      const told = await this.#pipeline.endsOf(
        planOf(this.#pipeline.tables, { database: this.#database, table }),
      );
      if (told.kind === 'unknown') return told.why;
      // A table that nothing was written to has no topic.
      for (const [topic, offsets] of told.ends) if (offsets.length > 0) ends.set(topic, offsets);
    }
    return ends;
  }
}
