import type { MysqlServer, Stack } from '@sluice/local-stack';
import { SourceDatabase } from '../harness/source-database.ts';
import { SINK_NAMES } from '../harness/sink-pipeline.ts';
import {
  tableText,
  WatchedPipeline,
  type StoreDifference,
  type StoresVerdict,
} from '../harness/watched-pipeline.ts';
import { runFile, type FileEnd } from './run-file.ts';
import { ServerState, type StateTable } from './server-state.ts';
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
  /** By code the number of its tables that a service has left alone and named. */
  readonly named: Readonly<Record<string, number>>;
  readonly statements: number;
  /** What the file took, and what the look took. */
  readonly ms: readonly [file: number, look: number];
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
      const begun = performance.now();
      const before = await state.statements();
      const end = await runFile({
        ...options,
        file,
        server: options.source,
        database: DATABASE,
        timeoutMs: FILE_TIMEOUT_MS,
      });
      const ran = performance.now();
      const statements = (await state.statements()) - before;
      const found = await look(pipeline, state);
      const ms = [Math.round(ran - begun), Math.round(performance.now() - ran)] as const;
      options.onFile({ file, end, statements, ms, ...found });
      isStopped = found.stop !== null;
      await state.restore(database.name, DATABASE);
    }
  }
}

type Found = Pick<FileResult, 'tables' | 'stop' | 'differences' | 'named'>;

async function look(pipeline: WatchedPipeline, state: ServerState): Promise<Found> {
  const all = await state.tables(pipeline.name);
  const nothing = { tables: all.length, stop: null, differences: [], named: {} };
  try {
    await pipeline.marked();
    const keyed = all.filter(({ hasKey }) => hasKey);
    const verdict = await pipeline.compare(keyed, PATIENCE_MS);
    return {
      ...nothing,
      differences: [...shown(verdict.differences), ...(await silent(state, all, verdict))],
      named: namedBy(all, verdict),
    };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    const isNotComparable = pipeline.ended === null && !reason.startsWith('waited');
    if (isNotComparable) return { ...nothing, differences: [`not compared: ${reason}`] };
    return { ...nothing, stop: [reason, ...pipeline.errors].join('\n    ') };
  }
}

/** The first of each store. */
function shown(differences: readonly StoreDifference[]): string[] {
  const stores = new Map<string, string[]>();
  for (const { line } of differences) {
    const store = line.slice(0, line.indexOf(' '));
    stores.set(store, [...(stores.get(store) ?? []), line]);
  }
  return [...stores.values()].flatMap((lines) => lines.slice(0, SHOWN));
}

/** Tables that no service names though their rows are in no store, and such as have a key and are said to have none. */
async function silent(
  state: ServerState,
  all: readonly StateTable[],
  { named, refusals }: StoresVerdict,
): Promise<string[]> {
  const lines: string[] = [];
  for (const table of all) {
    const text = tableText(table);
    if (table.hasKey && refusals.get(text) === 'TABLE_WITHOUT_KEY') lines.push(`${text} has a key: refused`);
    if (table.hasKey || named.includes(text) || (await state.isEmpty(table))) continue;
    lines.push(`${text} has no key, and nobody names it`);
  }
  return lines;
}

function namedBy(
  all: readonly StateTable[],
  { named, refusals }: StoresVerdict,
): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  const there = new Set(all.map(tableText));
  for (const table of named) {
    const code = refusals.get(table) ?? 'waiting';
    if (there.has(table)) counts[code] = (counts[code] ?? 0) + 1;
  }
  return counts;
}
