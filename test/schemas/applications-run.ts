import type { MysqlServer, Stack } from '@sluice/local-stack';
import { connect, readTables, type Connection } from '@sluice/mysql';
import type { SeededRandom } from '@sluice/seeded-random';
import { SINK_NAMES } from '../harness/pipelines/sink-pipeline.ts';
import { SourceDatabase } from '../harness/pipelines/source-database.ts';
import { WatchedPipeline } from '../harness/pipelines/watched-pipeline.ts';
import { look, type Found } from '../torture/look.ts';
import { ServerState } from '../torture/server-state.ts';
import type { SqlClient } from './client.ts';
import type { Application, Script } from './packages.ts';
import { rowStatements } from './row-maker.ts';

export interface RunOptions {
  readonly applications: readonly Application[];
  readonly stack: Stack;
  readonly source: MysqlServer;
  readonly client: SqlClient;
  readonly random: SeededRandom;
  readonly onStep: (result: StepResult) => void;
}

export interface StepResult extends Found {
  /** `wordpress, installed` */
  readonly step: string;
  readonly scripts: number;
  /** Statements of the scripts that the server refused. */
  readonly refused: readonly string[];
  /** Statements of ours, which put rows in and change them. */
  readonly statements: number;
  readonly ms: number;
}

const DATABASE = 'application';
/** Zabbix brings 130,000 rows. */
const COME_MS = 600_000;

/** Each application is installed, used, upgraded and used again while a pipeline with three sinks follows. */
export async function runApplications(options: RunOptions): Promise<void> {
  let next = 0;
  while (next < options.applications.length) {
    await using scope = new AsyncDisposableStack();
    const { stack, source } = options;
    const database = await SourceDatabase.create(scope, source, 'schemas');
    const state = await ServerState.read(scope, source);
    const connection = await connect({ ...source, connectTimeoutMs: 10_000 });
    scope.defer(() => connection.destroy());
    await connection.query("SET SESSION sql_mode = '', foreign_key_checks = 0");
    const pipeline = await WatchedPipeline.start(scope, { stack, database }, ['*.*'], SINK_NAMES);
    let isStopped = false;
    while (!isStopped && next < options.applications.length) {
      const application = options.applications[next++] as Application;
      await state.restore(database.name, DATABASE);
      isStopped = await live(options, application, { pipeline, state, connection });
    }
  }
}

interface Parts {
  readonly pipeline: WatchedPipeline;
  readonly state: ServerState;
  readonly connection: Connection;
}

/** Answers whether the pipeline has stopped. */
async function live(options: RunOptions, application: Application, parts: Parts): Promise<boolean> {
  const { name, install, upgrades } = application;
  const steps: readonly [string, readonly Script[]][] = [
    ['installed', install],
    ...upgrades.map((script): [string, Script[]] => [script.name.split('/').at(-1) ?? '', [script]]),
  ];
  const groups = grouped(steps);
  for (const [step, scripts] of groups) {
    const begun = performance.now();
    const refused: string[] = [];
    for (const { sql } of scripts) refused.push(...(await options.client.run(DATABASE, sql)));
    const statements = await use(options.random, parts);
    const found = await look(parts.pipeline, parts.state, COME_MS);
    const ms = Math.round(performance.now() - begun);
    options.onStep({ step: `${name}, ${step}`, scripts: scripts.length, refused, statements, ms, ...found });
    if (found.stop !== null) return true;
  }
  return false;
}

const UPGRADES_A_LOOK = 10;

/** Upgrades are small: a look after each would take longer than they do. */
function grouped(steps: readonly [string, readonly Script[]][]): [string, Script[]][] {
  const [[first, install] = ['installed', []], ...upgrades] = steps;
  const groups: [string, Script[]][] = [[first, [...install]]];
  for (let from = 0; from < upgrades.length; from += UPGRADES_A_LOOK) {
    const some = upgrades.slice(from, from + UPGRADES_A_LOOK);
    const name = `upgraded up to ${some.at(-1)?.[0] ?? ''}`;
    groups.push([name, some.flatMap(([, scripts]) => scripts)]);
  }
  return groups;
}

/** Rows for every table that stands there now; what the server refuses of them is its own affair. */
async function use(random: SeededRandom, { pipeline, state, connection }: Parts): Promise<number> {
  const names = new Set((await state.tables(pipeline.name)).map(({ database }) => database));
  let statements = 0;
  for (const table of await readTables(connection, [...names])) {
    await connection.beginTransaction();
    for (const sql of rowStatements(table, random)) {
      const isDone = await connection.query(sql).then(
        () => true,
        () => false,
      );
      if (isDone) statements++;
    }
    await connection.commit();
  }
  return statements;
}
