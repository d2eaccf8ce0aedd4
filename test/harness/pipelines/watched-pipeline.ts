import { compareSinks, describeDifference } from '@sluice/compare';
import { heartbeatTopic, tableIdOf, type TableName, TopicRouting } from '@sluice/envelope';
import { quoteTable, type RowDataPacket } from '@sluice/mysql';
import { eventually } from '../eventually.ts';
import type { Scope } from '../scope.ts';
import {
  SinkPipeline,
  type PipelineProcess,
  type SinkName,
  type SinkPipelineOptions,
} from './sink-pipeline.ts';

export interface StoreDifference {
  /** As `tableIdOf` writes it. */
  readonly table: string;
  /** For people. */
  readonly line: string;
}

export interface StoresVerdict {
  readonly differences: readonly StoreDifference[];
  /** Tables that a service has left alone, and named in its `/status`; they are not compared. */
  readonly named: readonly string[];
  /** By table the code by which capture leaves it alone, or what a sink waits for. */
  readonly reasons: ReadonlyMap<string, string>;
  /** Those of `named` that differ and that a sink does not read at this moment, with its reason. */
  readonly waiting: readonly StoreDifference[];
}

/** The part of `/status` that is looked at: of capture, and of sinks. */
interface StatusPage {
  readonly refused?: readonly { readonly table: string; readonly code: string }[];
  /** Rows of a prepared XA transaction: the tables wait for an operator. */
  readonly stopped?: readonly string[];
  readonly paused?: readonly { readonly topic: string; readonly detail?: string }[];
  /** Measured every ten seconds; empty when it is not known. */
  readonly lag?: { readonly partitions: readonly { readonly topic: string; readonly records: number }[] };
}

/** The part of an envelope that is shown of it. */
interface Told {
  readonly schema: { readonly type: string };
  readonly payload: {
    readonly source: { readonly table: string };
    readonly sequence: string;
    readonly operation?: string;
    readonly change?: string;
  };
}

const TOLD_MAX = 12;
const ALL_APPLY = { additive: 'apply', breaking: 'apply', rename: 'apply', truncate: 'apply', drop: 'apply' };
/** After a crash the partitions of a sink wait for its session to be over. */
const QUICK = { retry: { initialMs: 20, maxMs: 500 }, sessionTimeoutMs: 10_000 };
const READY_WITHIN_MS = 180_000;
const MARKED_WITHIN_MS = 120_000;
const POLL_MS = 200;
/** Of a store that comes nearer, but slowly. */
const PATIENCES_MAX = 8;

const linesOf = (differences: readonly StoreDifference[]): string =>
  differences.map(({ line }) => line).join('\n');

/**
 * A pipeline over many tables of a source of the test's own: tells when its stores have come to rest, what is not equal then
 * and which service has ended. Its database holds nothing but marks.
 */
export class WatchedPipeline {
  readonly name: string;
  readonly #pipeline: SinkPipeline;
  #processes: readonly PipelineProcess[];
  readonly #sinks: readonly SinkName[];
  readonly #routing: TopicRouting;
  /** Topics that a sink has left alone at some time: between two tries it does not say so. */
  readonly #waited = new Set<string>();
  #marks = 0;

  /** @param tables what to capture, as in `source.tables`: its own database too */
  static async start(
    scope: Scope,
    options: SinkPipelineOptions,
    tables: readonly string[],
    sinks: readonly SinkName[],
  ): Promise<WatchedPipeline> {
    const { database, sections } = options;
    await database.run('CREATE TABLE marks (id INT NOT NULL PRIMARY KEY)', 'INSERT INTO marks VALUES (0)');
    const source = { tables, ...sections?.['source'] };
    const pipeline = await SinkPipeline.create(scope, {
      ...options,
      sections: { ddl: ALL_APPLY, ...sections, topics: { partitions: 1, ...sections?.['topics'] }, source },
    });
    const services = ['capture', ...sinks.map((sink) => `sink-${sink}` as const)] as const;
    const processes = await Promise.all(services.map((name) => pipeline.launch(name, QUICK)));
    await Promise.all(processes.map(({ process }) => process.ready(READY_WITHIN_MS)));
    const routing = new TopicRouting({ prefix: pipeline.name, ...sections?.['topics'] });
    return new WatchedPipeline(pipeline, processes, sinks, routing);
  }

  private constructor(
    pipeline: SinkPipeline,
    processes: readonly PipelineProcess[],
    sinks: readonly SinkName[],
    routing: TopicRouting,
  ) {
    this.#routing = routing;
    this.name = pipeline.name;
    this.#pipeline = pipeline;
    this.#processes = processes;
    this.#sinks = sinks;
  }

  /** Which service has ended, and why; null while all run. */
  get ended(): string | null {
    const gone = this.#processes.find(({ process }) => !process.isRunning);
    if (gone === undefined) return null;
    const last = gone.process.log.findLast(({ err }) => err !== undefined)?.err;
    return `${gone.name} ended: ${last === undefined ? gone.process.lastLines() : `${last.code}: ${last.message}`}`;
  }

  /** The newest errors that services have logged. */
  get errors(): string[] {
    const lines = this.#processes.flatMap(({ name, process }) =>
      process.log
        .filter(({ err }) => err !== undefined)
        .map(({ event, err }) => `${name} ${event}: ${err?.code} ${err?.message}`),
    );
    return [...new Set(lines)].slice(-3);
  }

  /** These services do nothing while the work is done (SIGSTOP). */
  async held<T>(services: 'capture' | 'sinks', work: () => Promise<T>): Promise<T> {
    const pids = this.#of(services).map(({ process }) => process.pid);
    for (const pid of pids) process.kill(pid, 'SIGSTOP');
    try {
      return await work();
    } finally {
      for (const pid of pids) process.kill(pid, 'SIGCONT');
    }
  }

  /** Ends these services (SIGKILL) and starts them again; resolves when they are ready. */
  async killed(services: 'capture' | 'sinks'): Promise<void> {
    const gone = this.#of(services);
    await Promise.all(gone.map(({ process }) => process.kill()));
    const launched = await Promise.all(gone.map(({ name }) => this.#pipeline.launch(name, QUICK)));
    this.#processes = [...this.#processes.filter((each) => !gone.includes(each)), ...launched];
    await Promise.all(launched.map(({ process }) => process.ready(READY_WITHIN_MS)));
  }

  #of(services: 'capture' | 'sinks'): PipelineProcess[] {
    return this.#processes.filter(({ name }) => (name === 'capture') === (services === 'capture'));
  }

  /** Lets the tables go on that capture has stopped, as an operator does when the XA transactions are over. */
  async resumeStopped(): Promise<void> {
    for (const { process } of this.#of('capture')) {
      const { stopped = [] } = (await process.status()) as StatusPage;
      for (const table of stopped) await process.order('/api/v1/tables/resume', { table, by: 'test' });
    }
  }

  /** Waits until what was committed before has come to the stores; throws when a service has ended. */
  async marked(timeoutMs = MARKED_WITHIN_MS): Promise<void> {
    const id = ++this.#marks;
    await this.#pipeline.database.run(`INSERT INTO marks VALUES (${id})`);
    const come = async (): Promise<boolean> => this.ended !== null || this.#hasMark(id);
    const patience = { timeoutMs, everyMs: POLL_MS };
    await eventually(`mark ${id} in the stores`, come, patience).catch((error: unknown) => {
      this.#assertAlive();
      throw error;
    });
    this.#assertAlive();
  }

  /**
   * Waits until the tables are equal or the patience is over. The source must be quiet. Throws when a service has ended.
   * @param patienceMs for so long no sink is behind and nothing becomes other than it was: tables may have to be read again
   */
  async compare(tables: readonly TableName[], patienceMs: number): Promise<StoresVerdict> {
    let open = tables;
    let unequal: readonly StoreDifference[] = [];
    let changedAt = performance.now();
    const refused = new Map<string, string>();
    const paused = new Map<string, string>();
    const isEqual = async (): Promise<boolean> => {
      if (this.ended !== null) return true;
      const named = await this.#named(tables);
      for (const { table, code } of named.refused) refused.set(table, code);
      for (const { table, detail } of named.paused) paused.set(table, detail);
      if (named.isBehind) changedAt = performance.now();
      const looked = open.filter((table) => !refused.has(tableIdOf(table)));
      const found = await this.#differences(looked);
      if (linesOf(found) !== linesOf(unequal)) changedAt = performance.now();
      unequal = found;
      open = looked.filter((table) => unequal.some((each) => each.table === tableIdOf(table)));
      return unequal.length === 0 || performance.now() - changedAt > patienceMs;
    };
    const patience = { timeoutMs: patienceMs * PATIENCES_MAX, everyMs: POLL_MS };
    const end = await eventually('equal stores', isEqual, patience).catch((error: unknown) => error as Error);
    this.#assertAlive();
    // A compare that throws never says what is unequal.
    if (end instanceof Error && unequal.length === 0) throw new Error(`cannot compare: ${String(end.cause)}`);
    const differences = unequal.filter(({ table }) => !paused.has(table));
    const reasons = new Map([...(unequal.length > 0 ? paused : []), ...refused]);
    const different = new Set(unequal.map(({ table }) => table));
    const waiting = [...paused]
      .filter(([table]) => different.has(table) && !refused.has(table))
      .map(([table, detail]) => ({ table, line: `waits: ${detail}` }));
    return { differences, named: [...reasons.keys()], reasons, waiting };
  }

  /**
   * Tables of these databases on the target that are not among the given ones, do not wait by name, and have rows. What drops
   * them may come after the last row that is compared.
   * @param patienceMs for so long no sink is behind and they stay
   */
  async leftOver(
    databases: readonly string[],
    tables: readonly TableName[],
    patienceMs: number,
  ): Promise<readonly StoreDifference[]> {
    let left: StoreDifference[] = [];
    let changedAt = performance.now();
    const isOver = async (): Promise<boolean> => {
      if (this.ended !== null) return true;
      if ((await this.#named([])).isBehind) changedAt = performance.now();
      left = await this.#leftOver(databases, tables);
      return left.length === 0 || performance.now() - changedAt > patienceMs;
    };
    await eventually('no rows of tables that are gone', isOver, {
      timeoutMs: patienceMs * PATIENCES_MAX,
      everyMs: POLL_MS,
    }).catch(() => undefined);
    this.#assertAlive();
    return left;
  }

  async #leftOver(databases: readonly string[], tables: readonly TableName[]): Promise<StoreDifference[]> {
    const { target, stateDatabase } = this.#pipeline.stores;
    const there = new Set(tables.map(tableIdOf));
    const [rows] = await target.query<RowDataPacket[]>(
      'SELECT TABLE_SCHEMA AS d, TABLE_NAME AS t FROM information_schema.tables WHERE TABLE_SCHEMA IN (?)',
      [databases],
    );
    const gone = rows
      .map((row) => ({ database: String(row['d']), table: String(row['t']) }))
      .filter((table) => !there.has(tableIdOf(table)));
    const { paused } = await this.#named(gone);
    const left: StoreDifference[] = [];
    for (const { database, table } of gone) {
      if (paused.some((each) => each.table === tableIdOf({ database, table }))) continue;
      const id = tableIdOf({ database, table });
      const [[rows]] = await target.query<RowDataPacket[]>(
        `SELECT COUNT(*) AS count, MIN(_sluice_sequence) AS low, MAX(_sluice_sequence) AS high,
           (SELECT MAX(sequence) FROM ${quoteTable(stateDatabase, 'sluice_floors')} WHERE table_name = ?) AS floor
         FROM ${quoteTable(database, table)}`,
        [id],
      );
      const [count, low, high, floor] = ['count', 'low', 'high', 'floor'].map((name) => String(rows?.[name]));
      if (Number(count) === 0) continue;
      const told = await this.#told({ database, table });
      left.push({
        table: id,
        line: `${count} rows of ${low} to ${high}, truncated at ${floor}; its topic: ${told}`,
      });
    }
    return left;
  }

  /** What the topic has of a table, the newest of it: a row of the target that nothing took away is explained by it, or by nothing. */
  async #told({ database, table }: TableName): Promise<string> {
    const records: string[] = [];
    await this.#pipeline.reader.readTopic(this.#routing.topicOf(database, table), {}, ({ value }) => {
      if (value === null) return;
      const { schema, payload } = JSON.parse(value.toString('utf8')) as Told;
      if (payload.source.table !== table) return;
      records.push(`${schema.type} ${payload.change ?? payload.operation ?? ''} at ${payload.sequence}`);
    });
    return records.slice(-TOLD_MAX).join(', ');
  }

  async #differences(tables: readonly TableName[]): Promise<StoreDifference[]> {
    if (tables.length === 0) return [];
    const { stores, database } = this.#pipeline;
    const { compared } = stores;
    const wanted = Object.fromEntries(this.#sinks.map((sink) => [sink, compared[sink]]));
    const { sinks } = await compareSinks({ source: database.server, tables, sinks: wanted });
    return Object.values(sinks).flatMap(({ examples }) =>
      examples.map((example) => ({ table: example.table, line: describeDifference(example) })),
    );
  }

  async #hasMark(id: number): Promise<boolean> {
    const { stores, name } = this.#pipeline;
    if (this.#sinks.includes('redis') && (await stores.redis.exists(`${name}.marks:${id}`)) === 0)
      return false;
    const document = { index: stores.index('marks'), id: JSON.stringify({ id }) };
    if (this.#sinks.includes('elasticsearch') && !(await stores.elasticsearch.exists(document))) return false;
    if (!this.#sinks.includes('mysql')) return true;
    const sql = `SELECT 1 FROM ${quoteTable(stores.targetDatabase, 'marks')} WHERE id = ${id}`;
    const [[row]] = await stores.target.query<RowDataPacket[]>(sql);
    return row !== undefined;
  }

  /** Tables that services name: left alone for good, and waiting at this moment. */
  async #named(tables: readonly TableName[]): Promise<{
    readonly refused: { table: string; code: string }[];
    readonly paused: { table: string; detail: string }[];
    readonly isBehind: boolean;
  }> {
    const asked = this.#processes.map(({ process }) => process.status() as Promise<StatusPage>);
    const pages = await Promise.all(asked);
    const details = new Map(
      pages.flatMap(({ paused = [] }) => paused.map(({ topic, detail = '' }) => [topic, detail] as const)),
    );
    for (const topic of details.keys()) this.#waited.add(topic);
    // One comes each second, at any time of a busy machine one may be on its way.
    const heartbeats = heartbeatTopic(this.name);
    return {
      refused: [
        ...pages.flatMap(({ refused = [] }) => refused),
        ...pages.flatMap(({ stopped = [] }) => stopped.map((table) => ({ table, code: 'stopped' }))),
      ],
      isBehind: pages.some(({ lag }) =>
        lag?.partitions.some(
          ({ topic, records }) => records > 0 && topic !== heartbeats && !this.#waited.has(topic),
        ),
      ),
      paused: tables.flatMap((name) => {
        const detail = details.get(this.#routing.topicOf(name.database, name.table));
        return detail === undefined ? [] : [{ table: tableIdOf(name), detail }];
      }),
    };
  }

  #assertAlive(): void {
    const { ended } = this;
    if (ended !== null) throw new Error(ended);
  }
}
