import type { MysqlServer, Stack } from '@sluice/local-stack';
import { connect, quoteIdentifier } from '@sluice/mysql';
import type { Scope } from '../scope.ts';
import type { SinkName } from '../sink-pipeline.ts';
import { SourceDatabase } from '../source-database.ts';
import { WatchedPipeline } from '../watched-pipeline.ts';
import type { ReplicatedSource } from './replica.ts';

export interface LanesOptions {
  readonly stack: Stack;
  readonly servers: ReplicatedSource;
  readonly lanes: number;
  readonly sinks: readonly SinkName[];
  /** How long tables may take that are read again after the last statement. */
  readonly patienceMs: number;
}

/** What was found when everybody had come to rest. */
export interface LanesVerdict {
  /** By lane what is not equal, in lines for people; lanes that are equal are not in it. */
  readonly differences: ReadonlyMap<string, readonly string[]>;
  /** Tables that a service has left alone, and named in its `/status`. */
  readonly named: readonly string[];
}

/** A pipeline over many databases, its lanes: each holds one history after the other. */
export class HistoryLanes {
  /** Names of the databases. */
  readonly lanes: readonly string[];
  readonly #options: LanesOptions;
  readonly #pipeline: WatchedPipeline;

  static async open(scope: Scope, options: LanesOptions): Promise<HistoryLanes> {
    const { stack, servers, lanes, sinks } = options;
    const database = await SourceDatabase.create(scope, servers.source, 'histories');
    const names = Array.from({ length: lanes }, (_, index) => `${database.name}_${index + 1}`);
    scope.defer(() => dropLanes([servers.source, stack.targetMysql], names));
    const captured = [`${database.name}*.*`];
    const pipeline = await WatchedPipeline.start(scope, { stack, database }, captured, sinks);
    return new HistoryLanes(options, pipeline, names);
  }

  private constructor(options: LanesOptions, pipeline: WatchedPipeline, lanes: readonly string[]) {
    this.#options = options;
    this.#pipeline = pipeline;
    this.lanes = lanes;
  }

  /**
   * The source must be quiet. Waits until replica and stores have come to rest and compares all lanes. A service that
   * has ended, a replica that has stopped and a mark that does not come are thrown.
   * @param unlogged lanes in which the replica was not told of everything
   */
  async settle(unlogged: readonly string[]): Promise<LanesVerdict> {
    const { servers, patienceMs } = this.#options;
    await servers.forgetPrepared();
    await servers.caughtUp();
    await this.#pipeline.marked();
    const { tables, different } = await servers.compare(`${this.#pipeline.name}_`);
    const found = new Map<string, string[]>();
    const note = (table: string, line: string): void => {
      const lane = this.lanes.find((name) => table.startsWith(`${name}.`)) ?? table;
      found.set(lane, [...(found.get(lane) ?? []), line]);
    };
    for (const { table, line } of different) {
      if (!unlogged.some((lane) => table.startsWith(`${lane}.`))) note(table, `replica ${line}`);
    }
    const { differences, named } = await this.#pipeline.compare(tables, patienceMs);
    for (const { table, line } of differences) note(table, line);
    for (const table of await this.#pipeline.leftOver(this.lanes, tables)) {
      note(table, `mysql ${table}: rows of a table that is gone`);
    }
    for (const lines of found.values()) lines.push(...this.#pipeline.errors);
    return { differences: found, named };
  }
}

async function dropLanes(servers: readonly MysqlServer[], lanes: readonly string[]): Promise<void> {
  for (const server of servers) {
    const connection = await connect({ ...server, connectTimeoutMs: 10_000 });
    for (const lane of lanes) await connection.query(`DROP DATABASE IF EXISTS ${quoteIdentifier(lane)}`);
    await connection.end();
  }
}
