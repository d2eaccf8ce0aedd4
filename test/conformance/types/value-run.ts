import { setTimeout as delay } from 'node:timers/promises';
import type { Comparison } from '@sluice/compare';
import type { MysqlServer, Stack } from '@sluice/local-stack';
import { PipelineError } from '@sluice/runtime';
import { eventually } from '../../harness/eventually.ts';
import type { Scope } from '../../harness/scope.ts';
import {
  differences,
  SINK_NAMES,
  SINK_SERVICES,
  SinkPipeline,
  type PipelineProcess,
  type SinkName,
} from '../../harness/pipelines/sink-pipeline.ts';
import { SourceDatabase } from '../../harness/pipelines/source-database.ts';
import { examplesOf, type Example } from './examples.ts';
import { knownDifferences } from './known-differences.ts';
import { judgeTable, type Problems } from './judge-table.ts';
import { createStatement, insertStatements, streamStatements } from './phases.ts';
import { topicChanges } from './topic-changes.ts';
import type { ValueTable } from './value-table.ts';

/** Values that cannot be written in strict mode are part of the table: zero dates, the error value of ENUM. */
const SESSION = `SET time_zone = '+00:00', sql_mode = 'ALLOW_INVALID_DATES'`;
const LAST_TABLE = 'the_end';
const PATIENCE = { timeoutMs: 240_000, everyMs: 1000 };
const SETTLED_WITHIN_MS = 120_000;
/** Capture makes a topic for each of the tables first. */
const READY_WITHIN_MS = 240_000;
/** The longest values are over a megabyte, and an update carries them twice. */
const MAX_MESSAGE_BYTES = 8_388_608;

/** How sinks get the records: as many at once as there are; or one at a time, so that every change addresses its row itself. */
const SETTINGS = { together: {}, singly: { batchRecords: 1 } } as const;
export type Way = keyof typeof SETTINGS;

/** Sinks with stores of their own. */
interface WaySinks {
  readonly way: Way;
  readonly pipeline: SinkPipeline;
}

export interface ValuePlan {
  /** How a page calls the server. */
  readonly label: string;
  readonly tables: readonly ValueTable[];
  readonly ways: readonly Way[];
}

/** What became of one table: where it is not exact, in words. */
export interface TableResult {
  readonly table: ValueTable;
  readonly examples: readonly Example[];
  readonly topic: Problems;
  readonly sinks: Partial<Record<Way, SinkProblems>>;
}

type SinkProblems = Partial<Record<SinkName, string>>;

/** The whole pipeline with every table, on one source server. */
export class ValueRun {
  readonly #database: SourceDatabase;
  /** Of capture alone. */
  readonly #pipeline: SinkPipeline;
  readonly #sinks: readonly WaySinks[];
  readonly #label: string;
  readonly #tables: readonly ValueTable[];
  readonly #services: PipelineProcess[] = [];

  static async open(scope: Scope, stack: Stack, server: MysqlServer, plan: ValuePlan): Promise<ValueRun> {
    const database = await SourceDatabase.create(scope, server, 'values');
    const sections = {
      topics: { partitions: 1, maxMessageBytes: MAX_MESSAGE_BYTES },
      memory: { queueBytes: 33_554_432 },
    };
    const pipeline = await SinkPipeline.create(scope, { stack, database, sections });
    const sinks: WaySinks[] = [];
    for (const way of plan.ways) {
      const beside = `_${way}`;
      sinks.push({ way, pipeline: await SinkPipeline.create(scope, { stack, database, sections, beside }) });
    }
    return new ValueRun(database, pipeline, sinks, plan);
  }

  private constructor(
    database: SourceDatabase,
    pipeline: SinkPipeline,
    sinks: readonly WaySinks[],
    { label, tables }: ValuePlan,
  ) {
    this.#database = database;
    this.#pipeline = pipeline;
    this.#sinks = sinks;
    this.#label = label;
    this.#tables = tables;
  }

  /** Writes everything, waits until it has arrived, and judges every table. */
  async results(): Promise<TableResult[]> {
    await this.#database.run(SESSION);
    for (const table of this.#tables) {
      await this.#database.run(createStatement(table), ...insertStatements(table, 'snapshot'));
    }
    await this.#database.run(`CREATE TABLE ${LAST_TABLE} (id int NOT NULL PRIMARY KEY)`);
    const sinks = this.#sinks.flatMap(({ way, pipeline }) =>
      SINK_SERVICES.map((name) => pipeline.launch(name, SETTINGS[way])),
    );
    this.#services.push(...(await Promise.all([this.#pipeline.launch('capture'), ...sinks])));
    await Promise.all(this.#services.map(({ process }) => process.ready(READY_WITHIN_MS)));
    await this.#snapshotDone();
    for (const table of this.#tables) await this.#database.run(...streamStatements(table));
    await this.#database.run(`INSERT INTO ${LAST_TABLE} VALUES (1)`);
    await this.#published();
    const found = new Map<Way, ReadonlyMap<string, SinkProblems>>();
    for (const { way, pipeline } of this.#sinks) found.set(way, await this.#sinkProblems(pipeline));
    const results: TableResult[] = [];
    for (const table of this.#tables) {
      const changes = await topicChanges(this.#pipeline.reader, this.#pipeline.topic(table.name));
      results.push({
        table,
        examples: examplesOf(table, changes),
        topic: judgeTable(table, changes),
        sinks: Object.fromEntries([...found].map(([way, problems]) => [way, problems.get(table.name) ?? {}])),
      });
    }
    return results;
  }

  /** As `eventually`, but no longer than all services run. */
  async #eventually(what: string, look: () => Promise<boolean>): Promise<void> {
    const dead = await eventually<boolean | string>(what, async () => this.#dead() ?? look(), PATIENCE);
    if (dead !== true) throw new Error(`waiting for ${what}: a service has ended:\n${dead}`);
  }

  /** The last lines of a service that has ended. */
  #dead(): string | null {
    return this.#services.find(({ process }) => !process.isRunning)?.process.lastLines() ?? null;
  }

  /** Only what comes after the last table's snapshot is surely of the stream. */
  async #snapshotDone(): Promise<void> {
    const { reader } = this.#pipeline;
    const topics = [...this.#tables.map(({ name }) => name), LAST_TABLE].map((name) =>
      this.#pipeline.topic(name),
    );
    const waiting = new Set(topics);
    await this.#eventually('every snapshot to end', async () => {
      for (const topic of waiting) {
        const end = await reader.readTail(
          topic,
          0,
          ({ headers }) => headers.get('operation')?.toString() === 'SNAPSHOT_END',
        );
        if (end === null) return false;
        waiting.delete(topic);
      }
      return true;
    });
  }

  /** Capture publishes in the order of the binlog. */
  async #published(): Promise<void> {
    const topic = this.#pipeline.topic(LAST_TABLE);
    const inserted = async (): Promise<boolean> =>
      (await this.#pipeline.reader.readTail(
        topic,
        0,
        ({ headers }) => headers.get('operation')?.toString() === 'INSERT',
      )) !== null;
    await this.#eventually('the last row to be published', inserted);
  }

  /** What every sink holds, by table, once the sinks have nothing more to do. */
  async #sinkProblems(pipeline: SinkPipeline): Promise<ReadonlyMap<string, SinkProblems>> {
    const names = this.#tables.map(({ name }) => name);
    const isKnown = (title: string): boolean =>
      knownDifferences(title, this.#label).some(({ place }) => place !== 'topic');
    const exact = this.#tables.filter(({ title }) => !isKnown(title)).map(({ name }) => name);
    await this.#settled(pipeline, exact);
    const problems = new Map<string, SinkProblems>();
    for (const name of names) problems.set(name, await this.#tableProblems(pipeline, name));
    return problems;
  }

  /**
   * Returns when the sinks equal the source, when nothing moves any more, or when the time is up: then differences are judged. A store that
   * cannot answer yet is asked again.
   */
  async #settled(pipeline: SinkPipeline, names: readonly string[]): Promise<void> {
    let before = '';
    for (const deadline = performance.now() + SETTLED_WITHIN_MS; performance.now() < deadline;) {
      const found = await pipeline.compare(names).catch(nullWhileUnavailable);
      if (found !== null && differences(found).length === 0) return;
      const now = found === null ? '' : countsOf(found);
      if (found !== null && now === before && (await this.#sinksAreIdle(pipeline))) return;
      before = now;
      await delay(1000);
    }
  }

  async #tableProblems(pipeline: SinkPipeline, name: string): Promise<SinkProblems> {
    const { sinks } = await pipeline.compare([name]);
    const problems: SinkProblems = {};
    for (const sink of SINK_NAMES) {
      const found = sinks[sink];
      const [first] = found === undefined ? [] : differences({ rows: 0, sinks: { [sink]: found } });
      if (first !== undefined) problems[sink] = await this.#withDeadLetters(sink, name, first);
    }
    return problems;
  }

  /** A row that is missing may have become a dead letter, which says why. */
  async #withDeadLetters(sink: SinkName, table: string, problem: string): Promise<string> {
    const topic = this.#pipeline.topic(table);
    const letter = (await this.#pipeline.deadLetters(sink)).find(
      ({ headers }) => headers.get('__connect.errors.topic')?.toString() === topic,
    );
    const reason = letter?.headers.get('cdc.dlq.error.message')?.toString();
    return reason === undefined ? problem : `${problem}; dead letter: ${reason}`;
  }

  /** Whether the groups have committed up to the ends of all topics; of every topic the last offset is a marker's. */
  async #sinksAreIdle({ admin, name }: SinkPipeline): Promise<boolean> {
    const topics = this.#tables.map((table) => this.#pipeline.topic(table.name));
    const ends = new Map<string, number>();
    for (const topic of topics) ends.set(topic, Number((await admin.fetchTopicOffsets(topic))[0]?.high));
    for (const sink of SINK_NAMES) {
      const stored = await admin.fetchOffsets({ groupId: `${name}.${sink}`, topics });
      const isBehind = ({ topic, partitions }: (typeof stored)[number]): boolean =>
        Number(partitions[0]?.offset ?? -1) < (ends.get(topic) ?? 0) - 2;
      if (stored.some(isBehind)) return false;
    }
    return true;
  }
}

/** An index that was made a moment ago has no shard to search yet: Elasticsearch says so, and has it a moment later. */
function nullWhileUnavailable(error: unknown): null {
  if (error instanceof PipelineError && error.errorClass === 'retryable') return null;
  throw error;
}

function countsOf({ sinks }: Comparison): string {
  return JSON.stringify(Object.values(sinks).map(({ examples: _, ...counts }) => counts));
}
