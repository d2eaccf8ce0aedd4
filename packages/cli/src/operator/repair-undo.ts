import type { StoreRepair, UndoHead, UndoLine } from '@sluice/compare';
import { tableIdOf } from '@sluice/envelope';
import { PipelineError, type SluiceConfig } from '@sluice/runtime';
import { audited } from './audited.ts';
import { CommandFailed } from './command-failed.ts';
import type { CommandLine, Done } from './command.ts';
import { sinksOf } from './compare-order.ts';
import { whoIsIt } from './dead-letters.ts';
import { importCompare } from './optional-packages.ts';
import { openRepairedSink } from './repaired-sink.ts';
import { plural, show, type Screen } from './screen.ts';
import { UsageError } from './usage-error.ts';

const HEADINGS = ['SINK', 'TABLE', 'ROWS', 'RESTORED', 'NOT RESTORED'];
const USELESS = ['undo', 'sql-file', 'limit', 'rows-per-second', 'table', 'stage', 'gate', 'next'] as const;

export interface Restored {
  readonly sink: string;
  readonly table: string;
  rows: number;
  restored: number;
  /** Rows that are as they were, by their keys, and why. */
  left: { readonly key: string; readonly why: string }[];
}

/** Puts back what a repair has changed, row by row, where the store still holds what the repair has written. */
export async function undo(
  file: string,
  { values }: CommandLine,
  config: SluiceConfig,
  screen: Screen,
): Promise<Done> {
  for (const option of USELESS)
    if (values.texts(option).length > 0) throw new UsageError(`--undo-from takes no --${option}`);
  const sinks = new Set(Object.keys(sinksOf(config, values)));
  const isApplied = values.flag('apply');
  const results = isApplied
    ? await putBack(file, { sinks, by: whoIsIt(values), config, screen })
    : await restoreAll(file, { sinks, config, isApplied });
  const cells = results.map((some) => [some.sink, some.table, some.rows, some.restored, some.left.length]);
  show(screen, { undo: file, applied: isApplied, results }, HEADINGS, cells);
  if (isApplied) return sayRestored(results, screen);
  const rows = results.reduce((all, some) => all + some.rows, 0);
  screen.say(`dry run: would put back ${plural(rows, 'row')}; --apply does it`);
  return true;
}

/** Puts back, of these sinks, what the undo file has kept. */
export async function putBack(
  file: string,
  given: {
    readonly sinks: ReadonlySet<string>;
    readonly by: string;
    readonly config: SluiceConfig;
    readonly screen: Screen;
  },
): Promise<readonly Restored[]> {
  const { sinks, by, config, screen } = given;
  const order = { by, undo: file, sinks: [...sinks] };
  return audited({ config, command: 'repair undo', order, screen }, () =>
    restoreAll(file, { sinks, config, isApplied: true }),
  );
}

/** False when a row was not put back. */
export function sayRestored(results: readonly Restored[], screen: Screen): boolean {
  for (const { sink, table, left } of results)
    for (const [why, rows] of Map.groupBy(left, (row) => row.why))
      screen.say(`${sink} ${table}: ${plural(rows.length, 'row')}, such as ${rows[0]?.key}: ${why}`);
  const sum = (of: (some: Restored) => number): number => results.reduce((all, some) => all + of(some), 0);
  const [restored, left] = [sum((some) => some.restored), sum((some) => some.left.length)];
  screen.say(`${plural(restored, 'row')} restored, ${left} not`);
  return left === 0;
}

interface UndoWork {
  readonly sinks: ReadonlySet<string>;
  readonly config: SluiceConfig;
  readonly isApplied: boolean;
}

async function restoreAll(file: string, { sinks, config, isApplied }: UndoWork): Promise<Restored[]> {
  const { undoLines } = await importCompare(() => import('@sluice/compare'));
  const results = new Map<string, Restored>();
  const stores = new Map<string, StoreRepair>();
  // No more than a repair takes from a report.
  const refused: Refused[] = [];
  const accept = ({ pipeline }: UndoHead): void => {
    if (pipeline === config.pipeline) return;
    throw new RangeError(`it is about pipeline ${pipeline}, and the configuration is ${config.pipeline}`);
  };
  try {
    for await (const line of undoLines(file, accept)) {
      if (!sinks.has(line.sink)) continue;
      const [{ sink }, table] = [line, tableIdOf(line)];
      const result = results.get(`${sink} ${table}`) ?? { sink, table, rows: 0, restored: 0, left: [] };
      results.set(`${sink} ${table}`, result);
      result.rows += 1;
      if (!isApplied) continue;
      const store = stores.get(sink) ?? (await openRepairedSink(config, sink));
      stores.set(sink, store);
      const why = await whyNotRestored(store, line);
      if (why === null) result.restored += 1;
      else result.left.push({ key: line.rowKey, why });
      if (why !== null && why !== CHANGED) refused.push({ line, result, store });
    }
    for (const some of Map.groupBy(refused, ({ result }) => result).values()) await restoreTogether(some);
    return [...results.values()];
  } catch (error) {
    throw reasonOf(error, file);
  } finally {
    for (const store of stores.values()) await store.close();
  }
}

/** A line whose row the store did not take, although nobody has changed it since. */
interface Refused {
  readonly line: UndoLine;
  readonly result: Restored;
  readonly store: StoreRepair;
}

/** Rows that have exchanged a value which the store has once only come back at once, or not at all. @param refused of one table of one sink */
async function restoreTogether(refused: readonly Refused[]): Promise<void> {
  const [first] = refused;
  if (first?.store.restoreTogether === undefined || refused.length < 2) return;
  const lines = refused.map(({ line }) => line);
  const done = await first.store.restoreTogether(lines).catch((error: unknown) => {
    refusalOf(error);
    return [];
  });
  const back = new Set(lines.filter((_, index) => done[index]).map(({ rowKey }) => rowKey));
  first.result.left = first.result.left.filter(({ key, why }) => why === CHANGED || !back.has(key));
  first.result.restored += back.size;
}

const CHANGED = 'they have changed since the repair, or it has not written them';

/** Null when the row is as it was before the repair. Throws what is wrong with the store. */
async function whyNotRestored(store: StoreRepair, line: UndoLine): Promise<string | null> {
  try {
    return (await store.restore(line)) ? null : CHANGED;
  } catch (error) {
    return refusalOf(error);
  }
}

/** Why a store does not take a row. Throws what is wrong with the store. */
function refusalOf(error: unknown): string {
  if (!(error instanceof PipelineError) || !['record', 'schema'].includes(error.errorClass)) throw error;
  return `${error.code}: ${error.message}`;
}

function reasonOf(error: unknown, file: string): unknown {
  if (error instanceof PipelineError || !(error instanceof Error)) return error;
  if (error instanceof RangeError || 'code' in error)
    return new CommandFailed(`--undo-from: ${file} cannot be used: ${error.message}`, { cause: error });
  return error;
}
