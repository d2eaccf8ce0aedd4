import type { MysqlServer, Stack } from '@sluice/local-stack';
import { SourceDatabase } from '../harness/source-database.ts';
import { SINK_NAMES } from '../harness/sink-pipeline.ts';
import { tableText, WatchedPipeline } from '../harness/watched-pipeline.ts';
import { runFile, type FileEnd } from './run-file.ts';
import { ServerState } from './server-state.ts';
import type { SuiteFolder } from './suite-folder.ts';

export interface TortureOptions {
  readonly suite: SuiteFolder;
  readonly files: readonly string[];
  readonly stack: Stack;
  readonly source: MysqlServer;
  /** Scratch files. */
  readonly folder: string;
  /** No further file is begun when it answers true. */
  readonly isOver: () => boolean;
  readonly onFile: (result: FileResult) => void;
}

export interface FileResult {
  readonly file: string;
  readonly end: FileEnd;
  readonly tables: number;
  /** A service has ended, or does not get on. */
  readonly stop: string | null;
  /** What is not equal and named by nobody. */
  readonly differences: readonly string[];
  /** Tables that a service has left alone and named. */
  readonly named: number;
}

const FILE_TIMEOUT_MS = 20_000;
const PATIENCE_MS = 15_000;
/** The database that files find. */
const DATABASE = 'test';
const SHOWN = 3;

/** File after file while a pipeline captures all that they do; a new pipeline after each stop, so that it hides nothing. */
export async function torture(options: TortureOptions): Promise<void> {
  let next = 0;
  while (next < options.files.length && !options.isOver()) {
    await using scope = new AsyncDisposableStack();
    const database = await SourceDatabase.create(scope, options.source, 'torture');
    const state = await ServerState.read(scope, options.source);
    await state.restore(database.name, DATABASE);
    const { stack } = options;
    const pipeline = await WatchedPipeline.start(scope, { stack, database }, ['*.*'], SINK_NAMES);
    let isStopped = false;
    while (!isStopped && next < options.files.length && !options.isOver()) {
      const file = options.files[next++] ?? '';
      const end = await runFile({
        ...options,
        file,
        server: options.source,
        database: DATABASE,
        timeoutMs: FILE_TIMEOUT_MS,
      });
      const result = await look(pipeline, state, { file, end });
      options.onFile(result);
      isStopped = result.stop !== null;
      await state.restore(database.name, DATABASE);
    }
  }
}

async function look(
  pipeline: WatchedPipeline,
  state: ServerState,
  { file, end }: { readonly file: string; readonly end: FileEnd },
): Promise<FileResult> {
  const all = await state.tables(pipeline.name);
  const nothing = { file, end, tables: all.length, stop: null, differences: [], named: 0 };
  try {
    await pipeline.marked();
    const verdict = await pipeline.compare(
      all.filter(({ hasKey }) => hasKey),
      PATIENCE_MS,
    );
    const silent = all.filter((table) => !table.hasKey && !verdict.named.includes(tableText(table)));
    const lines = verdict.differences.map(({ line }) => line).slice(0, SHOWN);
    return {
      ...nothing,
      differences: [
        ...lines,
        ...silent.map((table) => `${tableText(table)} has no key, and nobody names it`),
      ],
      named: verdict.named.length,
    };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    const isNotComparable = pipeline.ended === null && !reason.startsWith('waited');
    if (isNotComparable) return { ...nothing, differences: [`not compared: ${reason}`] };
    return { ...nothing, stop: [reason, ...pipeline.errors].join('\n    ') };
  }
}
