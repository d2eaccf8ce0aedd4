import type { PublishedTable } from '@sluice/compare';
import type { PublishedPipeline, PublishedPoint } from '@sluice/capture/published';
import { tableIdOf, tablePattern, type TableName } from '@sluice/envelope';
import { GroupWatch, kafkaClient } from '@sluice/kafka';
import type { TablePlan } from '@sluice/ops-api';
import { createLogger, PipelineError, wordsOf, type SluiceConfig } from '@sluice/runtime';
import { publishesAll } from './all-operations.ts';
import { CommandFailed, Interrupted } from './command-failed.ts';
import { interruption } from './interruption.ts';
import { importCapture } from './optional-packages.ts';
import { sinkApplied } from './sink-applied.ts';

/** A pipeline that runs, as the commands look at it that hold its sinks against its source. */
export interface RunningPipeline {
  readonly pipeline: PublishedPipeline;
  /**
   * Resolves when the sink has applied all that was committed at the source when this was called: null; or to why that cannot be
   * known.
   */
  readonly applied: (sink: string, table: TableName) => Promise<string | null>;
  /** As `applied`, and resolves to a place in the stream that the sink has applied everything up to. */
  readonly settled: (sink: string, plan: TablePlan) => Promise<PublishedPoint | string>;
  /** Aborted when the operator interrupts the command. */
  readonly signal: AbortSignal;
}

/** Throws CommandFailed also for what the driver of a store has thrown: that is a reason, and no bug of ours. */
export async function withRunningPipeline<T>(
  config: SluiceConfig,
  work: (running: RunningPipeline) => Promise<T>,
): Promise<T> {
  const { PublishedPipeline: Published } = await importCapture(() => import('@sluice/capture/published'));
  const groups = new GroupWatch(kafkaClient(config.kafka, createLogger('sluice', { level: 'silent' })));
  const { signal, forget } = interruption(process);
  let pipeline: PublishedPipeline | null = null;
  try {
    const opened = (pipeline = await Published.open(config, signal));
    const settled = async (sink: string, plan: TablePlan): Promise<PublishedPoint | string> => {
      const ends = await opened.endsOf(plan);
      if (ends.kind === 'unknown') return ends.why;
      const group = `${config.pipeline}.${sink}`;
      return (await sinkApplied(groups, { sink, group }, ends.ends, signal)) ?? ends.point;
    };
    const applied = async (sink: string, table: TableName): Promise<string | null> => {
      const point = await settled(sink, planOf(opened.tables, table));
      return typeof point === 'string' ? point : null;
    };
    return await work({ pipeline, applied, settled, signal });
  } catch (error) {
    throw reasonOf(error, signal);
  } finally {
    forget();
    pipeline?.close();
    await groups.close();
  }
}

/** What a command ends with that was interrupted, or that a driver of a store has thrown at. */
export function reasonOf(error: unknown, { aborted }: AbortSignal): unknown {
  if (aborted) return new Interrupted('interrupted', { cause: error });
  const isDriver = error instanceof Error && !(error instanceof PipelineError) && 'code' in error;
  return isDriver ? new CommandFailed(`done only in part: ${wordsOf(error)}`, { cause: error }) : error;
}

/** Tables that the patterns name; all of them without any. Throws CommandFailed for a pattern that fits none. */
export function tablesOf(plans: readonly TablePlan[], names: readonly string[]): readonly TablePlan[] {
  if (names.length === 0) return plans;
  const unknown = unknownTable(plans, names);
  if (unknown !== null) throw new CommandFailed(unknown);
  const patterns = names.map(tablePattern);
  return plans.filter(({ database, table }) => patterns.some((fits) => fits(database, table)));
}

/** What is wrong with the first pattern that fits no table; null where each fits one. */
export function unknownTable(plans: readonly TablePlan[], names: readonly string[]): string | null {
  const unknown = names.find((name) => {
    const fits = tablePattern(name);
    return !plans.some(({ database, table }) => fits(database, table));
  });
  return unknown === undefined ? null : `no captured table is called ${unknown}`;
}

/** Whether its settings leave no row out: of one that cannot be captured, that is not known to be otherwise. */
export function hasAllRows({ refused, operations, where }: TablePlan): boolean {
  return refused || (where === null && publishesAll(operations));
}

export function planOf(plans: readonly TablePlan[], name: TableName): TablePlan {
  const plan = plans.find(({ database, table }) => database === name.database && table === name.table);
  if (plan === undefined) throw new Error(`${tableIdOf(name)} is not compared`);
  return plan;
}

export function publishedTable(plan: TablePlan): PublishedTable {
  const { database, table, keyColumns, sourceColumns } = plan;
  const columns = sourceColumns.map(({ source, published, publication }) => ({
    source,
    published: published?.name ?? null,
    treatment: publication,
  }));
  return { database, table, keyColumns, columns, refused: refusalOf(plan) };
}

/** Null for a table of which a sink must have every row as it is now. */
function refusalOf({ refused, operations, where, change }: TablePlan): string | null {
  if (refused) return `it is not captured: ${change}`;
  if (where !== null) return 'it has a row condition (`where`): which rows a sink must have is not known';
  if (!publishesAll(operations))
    return `only ${operations.join(', ')} are published: a sink need not have the rows as they are`;
  return change === 'none' ? null : `what capture does with it is about to change: ${change}`;
}
