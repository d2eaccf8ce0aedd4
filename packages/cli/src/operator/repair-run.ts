import { appendFile, writeFile } from 'node:fs/promises';
import type { CompareReport, ReportedRow, RowFate, StoreRepair, UndoFile } from '@sluice/compare';
import type { TablePlan } from '@sluice/ops-api';
import { VERSION, type SluiceConfig } from '@sluice/runtime';
import { parseTableId } from '@sluice/envelope';
import { audited } from './audited.ts';
import { CommandFailed } from './command-failed.ts';
import { OWN_FILE, throwUnwritable } from './new-files.ts';
import { importCapture, importCompare } from './optional-packages.ts';
import { openRepairedSink } from './repaired-sink.ts';
import { publishedTable, withRunningPipeline, type RunningPipeline } from './running-pipeline.ts';
import { refusalOf, type Stage } from './repair-stage.ts';
import { plural, type Screen } from './screen.ts';

export interface RepairOrder {
  readonly apply: boolean;
  readonly undoFile: string | null;
  readonly sqlFile: string | null;
  readonly rowsPerSecond: number;
  readonly by: string;
}

export interface ReportedRows {
  readonly sink: string;
  /** `database.table` */
  readonly table: string;
  readonly rows: readonly ReportedRow[];
}

export interface RepairJob {
  readonly config: SluiceConfig;
  readonly report: CompareReport;
  readonly rows: readonly ReportedRows[];
  readonly order: RepairOrder;
  /** Null: all sinks, without a gate. */
  readonly stage: Stage | null;
  /** Is told of each sink before it is repaired. */
  readonly begin: (sink: string) => void;
  readonly screen: Screen;
}

export interface Repaired {
  readonly results: readonly RepairResult[];
  /** Why the sinks behind the canary were not repaired; null when they were, or there was none. */
  readonly refusal: string | null;
}

/** What became of the rows of one table in one sink. */
export interface RepairResult {
  readonly sink: string;
  readonly table: string;
  readonly fates: readonly RowFate[];
}

/** One table of one sink after the other. Throws CommandFailed for a table that has changed since the report. */
export async function repair(job: RepairJob): Promise<Repaired> {
  const { config, order, rows, screen, report } = job;
  const { UNDO_VERSION, UndoFile: NewFile } = await importCompare(() => import('@sluice/compare'));
  if (order.sqlFile !== null) await newFile(order.sqlFile, 'sql-file');
  return withRunningPipeline(config, async (running) => {
    const plans = rows.map(({ table }) => planOf(running, report, table));
    const undo =
      order.undoFile === null
        ? null
        : await NewFile.create(order.undoFile, {
            undo: 'repair',
            version: UNDO_VERSION,
            sluice: VERSION,
            pipeline: config.pipeline,
            startedAt: new Date().toISOString(),
          }).catch((error: unknown) => throwUnwritable(error, 'undo', order.undoFile ?? ''));
    const work = (): Promise<Repaired> => repairAll(job, plans, running, undo);
    try {
      if (!order.apply) return await work();
      const told = {
        by: order.by,
        report: report.startedAt,
        tables: rows.map((some) => `${some.sink} ${some.table}: ${plural(some.rows.length, 'row')}`),
      };
      return await audited({ config, command: 'repair', order: told, screen }, work);
    } finally {
      await undo?.close();
    }
  });
}

async function repairAll(
  job: RepairJob,
  plans: readonly TablePlan[],
  running: RunningPipeline,
  undo: UndoFile | null,
): Promise<Repaired> {
  const { config, order, rows, stage } = job;
  const results: RepairResult[] = [];
  let refusal: string | null = null;
  const names = stage === null ? new Set(rows.map(({ sink }) => sink)) : [stage.canary, ...stage.next];
  for (const sink of names) {
    const some = [...rows.entries()].filter(([, reported]) => reported.sink === sink);
    if (refusal !== null) {
      for (const [, { table, rows: left }] of some)
        results.push({
          sink,
          table,
          fates: left.map(({ place }) => ({ place, kind: 'unknown', fate: 'open', why: refusal })),
        });
      continue;
    }
    job.begin(sink);
    const store = await openRepairedSink(config, sink);
    try {
      for (const [index, reported] of some) {
        const plan = plans[index] as TablePlan;
        const fates = await repairTable({ config, order, plan, running, reported, store, undo });
        results.push({ sink, table: reported.table, fates });
      }
    } finally {
      await store.close();
    }
    if (sink === stage?.canary)
      refusal = await refusalOf(
        stage,
        results.flatMap(({ fates }) => fates),
        running.signal,
      );
  }
  return { results, refusal };
}

interface TableJob {
  readonly config: SluiceConfig;
  readonly order: RepairOrder;
  readonly plan: TablePlan;
  readonly running: RunningPipeline;
  readonly reported: ReportedRows;
  readonly store: StoreRepair;
  /** Null when nothing is written. */
  readonly undo: UndoFile | null;
}

async function repairTable(job: TableJob): Promise<RowFate[]> {
  const { config, order, plan, running, reported, store, undo } = job;
  const { sink, rows } = reported;
  const { openRowConnection, openStore, Pace, readRunningTable, repairRows } = await importCompare(
    () => import('@sluice/compare'),
  );
  const { PublishedRows } = await importCapture(() => import('@sluice/capture/published-rows'));
  const source = await openRowConnection(running.pipeline.server);
  const published = await PublishedRows.open(running.pipeline);
  const compared = await openStore(sink, config.sinks[sink] as object);
  try {
    const { table, remarks } = await readRunningTable(source, publishedTable(plan));
    if (table === null)
      return rows.map(({ place }) => ({ place, kind: 'unknown', fate: 'open', why: remarks.join('; ') }));
    const settled = async () => {
      const point = await running.settled(sink, plan);
      if (typeof point === 'string') return point;
      return {
        sequence: point.sequence,
        read: (where: string, limit: number) => published.read(plan, where, limit, point),
        deletion: (rowKey: string) => published.deletion(plan, rowKey, point),
      };
    };
    const { sqlFile } = order;
    const act = order.apply
      ? 'apply'
      : sqlFile === null
        ? 'look'
        : (text: string) => appendFile(sqlFile, text);
    const pace = new Pace(order.rowsPerSecond, running.signal);
    return await repairRows(rows, {
      source,
      sink,
      table,
      rows: await compared.open(table),
      store,
      settled,
      act,
      undo,
      pace,
      signal: running.signal,
    });
  } finally {
    published.close();
    await Promise.allSettled([source.close(), compared.close()]);
  }
}

/** Throws CommandFailed. */
function planOf({ pipeline }: RunningPipeline, { position, schemas }: CompareReport, id: string): TablePlan {
  const { database, table } = parseTableId(id);
  const plan = pipeline.tables.find((some) => some.database === database && some.table === table);
  if (plan === undefined) throw new CommandFailed(`--report: ${id} is not captured any more: compare again`);
  if (position === null)
    throw new CommandFailed(
      '--report: it has no position of the source: compare again while the pipeline runs',
    );
  if (pipeline.schemas()[id] !== schemas[id])
    throw new CommandFailed(`--report: the columns or the key of ${id} have changed since: compare again`);
  return plan;
}

async function newFile(path: string, option: string): Promise<void> {
  await writeFile(path, '', { flag: 'wx', mode: OWN_FILE }).catch((error: unknown) =>
    throwUnwritable(error, option, path),
  );
}
