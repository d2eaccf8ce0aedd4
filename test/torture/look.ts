import { tableIdOf } from '@sluice/envelope';
import type {
  StoreDifference,
  StoresVerdict,
  WatchedPipeline,
} from '../harness/pipelines/watched-pipeline.ts';
import type { ServerState, StateTable } from './server-state.ts';

/** What a look at the stores has found. */
export interface Found {
  readonly tables: number;
  /** A service has ended, or does not get on. */
  readonly stop: string | null;
  /** What is not equal and named by nobody. */
  readonly differences: readonly string[];
  /** By code, or by what a sink waits for, the number of tables that a service has left alone and named. */
  readonly named: Readonly<Record<string, number>>;
}

const PATIENCE_MS = 15_000;
const SHOWN = 3;
const REASON_LENGTH = 250;

/**
 * Compares all that stands on the source, which must be quiet.
 * @param comeMs how long what was done may take to come to the stores
 */
export async function look(pipeline: WatchedPipeline, state: ServerState, comeMs?: number): Promise<Found> {
  const all = await state.tables(pipeline.name);
  const nothing = { tables: all.length, stop: null, differences: [], named: {} };
  try {
    await pipeline.marked(comeMs);
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
  { named, reasons }: StoresVerdict,
): Promise<string[]> {
  const lines: string[] = [];
  for (const table of all) {
    const text = tableIdOf(table);
    if (table.hasKey && reasons.get(text) === 'TABLE_WITHOUT_KEY') lines.push(`${text} has a key: refused`);
    if (table.hasKey || named.includes(text) || (await state.isEmpty(table))) continue;
    lines.push(`${text} has no key, and nobody names it`);
  }
  return lines;
}

function namedBy(
  all: readonly StateTable[],
  { named, reasons }: StoresVerdict,
): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  const there = new Set(all.map(tableIdOf));
  for (const table of named) {
    const code = (reasons.get(table) ?? '').slice(0, REASON_LENGTH);
    if (there.has(table)) counts[code] = (counts[code] ?? 0) + 1;
  }
  return counts;
}
