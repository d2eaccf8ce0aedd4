import type { MysqlServer, Stack } from '@sluice/local-stack';
import { connect, quoteIdentifier } from '@sluice/mysql';
import { tableIdOf, type TopicStrategy } from '@sluice/envelope';
import type { Scope } from '../scope.ts';
import type { SinkName } from '../pipelines/sink-pipeline.ts';
import { SourceDatabase } from '../pipelines/source-database.ts';
import { WatchedPipeline } from '../pipelines/watched-pipeline.ts';
import { disturbed, type Disturbance } from './disturbance.ts';
import type { ReplicatedSource } from './replica.ts';

export interface LanesOptions {
  readonly stack: Stack;
  readonly servers: ReplicatedSource;
  readonly lanes: number;
  readonly sinks: readonly SinkName[];
  /** How long tables may take that are read again after the last statement. */
  readonly patienceMs: number;
  /** Topics of tables are new all the time, and sinks join their group again for each; those of databases are not. */
  readonly topics: TopicStrategy;
}

/** On a machine with other work the services need longer for all that ran than one table does that is read again. */
const MARK_PATIENCES = 8;

/** What was found when everybody had come to rest. */
export interface LanesVerdict {
  /** By lane what is not equal, in lines for people; lanes that are equal are not in it. */
  readonly differences: ReadonlyMap<string, readonly string[]>;
  /** Tables that capture has left alone, and named in its `/status`. */
  readonly named: readonly string[];
}

/** A pipeline over many databases, its lanes: each holds one history after the other, until a table of it is left alone. */
export class HistoryLanes {
  readonly #options: LanesOptions;
  readonly #pipeline: WatchedPipeline;
  /** Names of databases, those of former lanes too. */
  readonly #made: string[];
  #lanes: readonly string[];

  static async open(scope: Scope, options: LanesOptions): Promise<HistoryLanes> {
    const { stack, servers, sinks, topics } = options;
    const database = await SourceDatabase.create(scope, servers.source, 'histories');
    const made: string[] = [];
    scope.defer(() => dropLanes([servers.source, stack.targetMysql], made));
    const captured = [`${database.name}*.*`];
    const sections = { topics: { strategy: topics } };
    const pipeline = await WatchedPipeline.start(scope, { stack, database, sections }, captured, sinks);
    return new HistoryLanes(options, pipeline, made);
  }

  private constructor(options: LanesOptions, pipeline: WatchedPipeline, made: string[]) {
    this.#options = options;
    this.#pipeline = pipeline;
    this.#made = made;
    this.#lanes = Array.from({ length: options.lanes }, () => this.#newLane());
  }

  /** Names of the databases. */
  get lanes(): readonly string[] {
    return this.#lanes;
  }

  /** @param seed when services are killed */
  run<T>(work: () => Promise<T>, kind: Disturbance, seed: number): Promise<T> {
    return disturbed(this.#pipeline, kind, seed, work);
  }

  /**
   * The source must be quiet. Waits until replica and stores have come to rest and compares all lanes. A service that
   * has ended, a replica that has stopped and a mark that does not come are thrown. A lane with a table that is left alone
   * is given up for a new one.
   * @param unlogged lanes in which the replica was not told of everything
   */
  async settle(unlogged: readonly string[]): Promise<LanesVerdict> {
    const { servers, patienceMs } = this.#options;
    await servers.forgetPrepared();
    await servers.caughtUp();
    await this.#pipeline.marked(patienceMs * MARK_PATIENCES);
    const { tables, keyless, different } = await servers.compare(`${this.#pipeline.name}_`);
    const found = new Map<string, string[]>();
    const note = (table: string, line: string): void => {
      const lane = this.#lanes.find((name) => isIn(name, table)) ?? table;
      found.set(lane, [...(found.get(lane) ?? []), line]);
    };
    for (const { table, line } of different) {
      if (!unlogged.some((lane) => isIn(lane, table))) note(table, `replica ${line}`);
    }
    const { differences, waiting, named: all } = await this.#pipeline.compare(tables, patienceMs);
    const named = all.filter((table) => !waiting.some((each) => each.table === table));
    for (const { table, line } of [...differences, ...waiting]) note(table, line);
    for (const table of keyless.map(tableIdOf)) {
      if (!named.includes(table)) note(table, `${table} has rows and no key, and nobody names it`);
    }
    for (const { table, line } of await this.#pipeline.leftOver(this.#lanes, tables, patienceMs)) {
      note(table, `mysql ${table}: rows of a table that is gone: ${line}`);
    }
    for (const lines of found.values()) lines.push(...this.#pipeline.errors);
    return { differences: found, named: await this.#giveUp(named) };
  }

  /** Those of the tables that are in a lane of today; the lane is dropped, and another one takes its place. */
  async #giveUp(named: readonly string[]): Promise<string[]> {
    const ours = named.filter((table) => this.#lanes.some((lane) => isIn(lane, table)));
    const gone = this.#lanes.filter((lane) => ours.some((table) => isIn(lane, table)));
    await dropLanes([this.#options.servers.source], gone);
    this.#lanes = this.#lanes.map((lane) => (gone.includes(lane) ? this.#newLane() : lane));
    return ours;
  }

  #newLane(): string {
    const name = `${this.#pipeline.name}_${this.#made.length + 1}`;
    this.#made.push(name);
    return name;
  }
}

const isIn = (lane: string, table: string): boolean => table.startsWith(`${lane}.`);

async function dropLanes(servers: readonly MysqlServer[], lanes: readonly string[]): Promise<void> {
  if (lanes.length === 0) return;
  for (const server of servers) {
    const connection = await connect({ ...server, connectTimeoutMs: 10_000 });
    for (const lane of lanes) await connection.query(`DROP DATABASE IF EXISTS ${quoteIdentifier(lane)}`);
    await connection.end();
  }
}
