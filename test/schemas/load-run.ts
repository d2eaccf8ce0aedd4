import type { Stack } from '@sluice/local-stack';
import { SINK_NAMES } from '../harness/pipelines/sink-pipeline.ts';
import { SourceDatabase } from '../harness/pipelines/source-database.ts';
import { WatchedPipeline } from '../harness/pipelines/watched-pipeline.ts';
import { look, type Found } from '../torture/look.ts';
import { ServerState } from '../torture/server-state.ts';
import type { Sysbench } from './sysbench.ts';

export interface LoadOptions {
  readonly stack: Stack;
  readonly sysbench: Sysbench;
  readonly seconds: number;
  readonly rate: number;
}

export interface LoadResult extends Found {
  /** sysbench's own figures. */
  readonly figures: readonly string[];
  /** From the last statement until the stores were equal. */
  readonly behindMs: number;
}

const DATABASE = 'bench';
/** Of stores that are slower than the load. */
const COME_MS = 600_000;

/** sysbench's transactions on the source while a pipeline follows; equal at the end. */
export async function runLoad({ stack, sysbench, seconds, rate }: LoadOptions): Promise<LoadResult> {
  await using scope = new AsyncDisposableStack();
  const server = stack.mariadb;
  const database = await SourceDatabase.create(scope, server, 'load');
  const state = await ServerState.read(scope, server);
  await state.restore(database.name, DATABASE);
  const pipeline = await WatchedPipeline.start(scope, { stack, database }, ['*.*'], SINK_NAMES);
  const load = { server, database: DATABASE, seconds, rate };
  await sysbench.prepare(load);
  const figures = await sysbench.run(load);
  const over = performance.now();
  const found = await look(pipeline, state, COME_MS);
  return { figures, behindMs: Math.round(performance.now() - over), ...found };
}
