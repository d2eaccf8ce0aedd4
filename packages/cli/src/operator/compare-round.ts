import type { RunningFindings } from '@sluice/compare';
import { tableIdOf, type TableName } from '@sluice/envelope';
import { PipelineError } from '@sluice/runtime';
import { CommandFailed } from './command-failed.ts';

/** What was found of one table. */
export type TableFindings = RunningFindings['tables'][number];

/** A table, and the sinks that must have its rows as they are. */
export interface RoundTable extends TableName {
  readonly sinks: readonly string[];
}

/** Who is told of a round. */
export interface RoundWatch {
  begins(tables: readonly RoundTable[]): void;
  compared(table: TableName, found: TableFindings): void;
}

export interface RoundParts<T extends RoundTable> {
  readonly tables: readonly T[];
  /** Compares a table with these sinks; with all of the order for null. */
  readonly compare: (table: T, sink: string | null) => Promise<TableFindings>;
  readonly watch: RoundWatch;
  readonly signal: AbortSignal;
}

/**
 * Compares each table once. One that fails is compared with each of its sinks alone, and what still fails is passed over: throws
 * CommandFailed with the first reason when all others are done. What is no error of the pipeline or of a store is thrown at once.
 */
export async function compareRound<T extends RoundTable>(parts: RoundParts<T>): Promise<void> {
  const { tables, watch, signal } = parts;
  watch.begins(tables);
  const reasons: string[] = [];
  for (const table of tables) {
    if (signal.aborted) return;
    const found = await findingsOf(table, parts, reasons);
    if (!signal.aborted && found !== null) watch.compared(table, found);
  }
  if (reasons[0] !== undefined) throw new CommandFailed(reasons[0]);
}

/** Null when nothing could be compared. */
async function findingsOf<T extends RoundTable>(
  table: T,
  { compare, signal }: RoundParts<T>,
  reasons: string[],
): Promise<TableFindings | null> {
  const attempt = async (sink: string | null): Promise<TableFindings | string> => {
    try {
      return await compare(table, sink);
    } catch (error) {
      const text = signal.aborted ? null : failureText(error);
      if (text === null) throw error;
      return `${tableIdOf(table)}${sink === null ? '' : ` in sink ${sink}`}: ${text}`;
    }
  };
  const together = await attempt(null);
  if (typeof together !== 'string') return together;
  if (table.sinks.length < 2) {
    reasons.push(together);
    return null;
  }
  const found: TableFindings[] = [];
  for (const sink of table.sinks) {
    const alone = await attempt(sink);
    if (typeof alone === 'string') reasons.push(alone);
    else found.push(alone);
  }
  return found.length === 0 ? null : mergeFindings(tableIdOf(table), found);
}

function mergeFindings(table: string, found: readonly TableFindings[]): TableFindings {
  return {
    table,
    compared: found.some(({ compared }) => compared),
    remarks: [...new Set(found.flatMap(({ remarks }) => remarks))],
    sinks: Object.fromEntries(found.flatMap(({ sinks }) => Object.entries(sinks))),
  };
}

/** Null for what is no error of the pipeline or of a store. */
export function failureText(error: unknown): string | null {
  if (error instanceof PipelineError) return `${error.code}: ${error.message}`;
  return error instanceof CommandFailed ? error.message : null;
}
