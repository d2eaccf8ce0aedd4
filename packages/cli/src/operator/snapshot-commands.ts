import {
  JOB_ORDERS,
  listSnapshots,
  moveSnapshot,
  startSnapshots,
  startSqlSnapshots,
  throttleSnapshot,
  type JobOrder,
  type Snapshot,
} from '@sluice/ops-api';
import { call, type Call } from '@sluice/ops-api/client';
import type { SluiceConfig } from '@sluice/runtime';
import type { CommandLine, PipelineCommand } from './command.ts';
import { whoIsIt } from './dead-letters.ts';
import { SERVICE_OPTIONS } from './options.ts';
import { serviceOf } from './ops-url.ts';
import { UsageError } from './usage-error.ts';
import { plural, show, type Cell, type Screen } from './screen.ts';

const HEADINGS = [
  'JOB',
  'TABLE',
  'STATE',
  'ROWS',
  'OF ABOUT',
  '%',
  'ROWS/S',
  'AT MOST',
  'TIME LEFT',
  'CONDITION',
  'ERROR',
];

export const snapshotListCommand: PipelineCommand = {
  name: 'snapshot list',
  options: [...SERVICE_OPTIONS],
  help: 'snapshot jobs of capture: state, rows, progress, rate, time left',
  connects: 'nothing',
  run: snapshotList,
};

async function snapshotList(line: CommandLine, config: SluiceConfig, screen: Screen): Promise<boolean> {
  showJobs(screen, await call(captureOf(line, config), listSnapshots, {}));
  return true;
}

export const snapshotStartCommand: PipelineCommand = {
  name: 'snapshot start',
  options: ['table', 'condition', 'sql', 'reconcile', ...SERVICE_OPTIONS, 'by'],
  several: ['table'],
  help: 'read rows of captured tables again while streaming continues',
  connects: 'nothing',
  run: snapshotStart,
};

/** One job for each captured table that fits `--table`. */
async function snapshotStart(line: CommandLine, config: SluiceConfig, screen: Screen): Promise<boolean> {
  const { values } = line;
  const tables = [values.needed('table'), ...values.texts('table').slice(0, -1)];
  const sql = values.text('sql');
  const condition = values.text('condition') ?? null;
  const reconcile = values.flag('reconcile');
  if (sql !== undefined && (condition !== null || reconcile))
    throw new UsageError('--sql excludes --condition and --reconcile');
  const where = captureOf(line, config);
  const by = whoIsIt(values);
  const made =
    sql === undefined
      ? await call(where, startSnapshots, { tables, condition, reconcile, by })
      : await call(where, startSqlSnapshots, { tables, sql, by });
  showJobs(screen, made);
  screen.say(`${plural(made.jobs.length, 'job')} made; sluice snapshot list shows how far they are`);
  return true;
}

const MOVES: Readonly<Record<JobOrder, string>> = {
  pause: 'pause a snapshot job after its current chunk',
  resume: 'resume a paused or failed snapshot job',
  cancel: 'cancel a snapshot job permanently',
};

export const snapshotMoveCommands: readonly PipelineCommand[] = JOB_ORDERS.map((order) => ({
  name: `snapshot ${order}`,
  options: ['id', ...SERVICE_OPTIONS, 'by'],
  help: MOVES[order],
  connects: 'nothing',
  run: (line, config, screen) => snapshotMove(order, line, config, screen),
}));

async function snapshotMove(
  order: JobOrder,
  line: CommandLine,
  config: SluiceConfig,
  screen: Screen,
): Promise<boolean> {
  const { values } = line;
  const where = { ...captureOf(line, config), params: { id: values.needed('id') } };
  const { job } = await call(where, moveSnapshot(order), { by: whoIsIt(values) });
  showJobs(screen, { jobs: [job] });
  return true;
}

const ROWS_PER_SECOND_MAX = 10_000_000;

export const snapshotThrottleCommand: PipelineCommand = {
  name: 'snapshot throttle',
  options: ['id', 'rows-per-second', ...SERVICE_OPTIONS, 'by'],
  help: 'change how many rows of the source a snapshot job may read in a second, also while it runs',
  connects: 'nothing',
  run: snapshotThrottle,
};

async function snapshotThrottle(line: CommandLine, config: SluiceConfig, screen: Screen): Promise<boolean> {
  const { values } = line;
  const where = { ...captureOf(line, config), params: { id: values.needed('id') } };
  values.needed('rows-per-second');
  const most = values.wholeNumber('rows-per-second', 0, ROWS_PER_SECOND_MAX) ?? 0;
  const rowsPerSecond = most === 0 ? null : most;
  const { job } = await call(where, throttleSnapshot, { rowsPerSecond, by: whoIsIt(values) });
  showJobs(screen, { jobs: [job] });
  return true;
}

function captureOf({ values }: CommandLine, config: SluiceConfig): Call {
  return serviceOf(config, ['capture'], values);
}

function showJobs(screen: Screen, document: { readonly jobs: readonly Snapshot[] }): void {
  show(screen, document, HEADINGS, document.jobs.map(rowOf));
}

function rowOf(job: Snapshot): readonly Cell[] {
  const { id, table, state, rowsRead, rowsExpected, percent, condition, error } = job;
  const { rowsPerSecond, maxRowsPerSecond = null, etaSeconds } = job;
  const left = etaSeconds === null ? null : durationText(etaSeconds);
  return [
    id,
    table,
    state,
    rowsRead,
    rowsExpected,
    percent,
    rowsPerSecond,
    maxRowsPerSecond,
    left,
    condition,
    error?.code ?? null,
  ];
}

/** `42s`, `12m`, `3h 5m`. */
export function durationText(seconds: number): string {
  if (seconds < 60) return `${seconds}s`;
  const minutes = Math.round(seconds / 60);
  return minutes < 60 ? `${minutes}m` : `${Math.floor(minutes / 60)}h ${minutes % 60}m`;
}
