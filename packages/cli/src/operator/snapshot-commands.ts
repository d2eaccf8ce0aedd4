import type { SluiceConfig } from '@sluice/runtime';
import type { CommandLine } from './command-line.ts';
import { whoIsIt } from './letters.ts';
import { opsUrl, order, read } from './ops-client.ts';
import { plural, show, type Cell, type Screen } from './screen.ts';

const HEADINGS = [
  'JOB',
  'TABLE',
  'STATE',
  'ROWS',
  'OF ABOUT',
  '%',
  'ROWS/S',
  'TIME LEFT',
  'CONDITION',
  'ERROR',
];

/** What a line shows of a job as capture describes it. */
interface Job {
  readonly id: string;
  readonly table: string;
  readonly state: string;
  readonly condition: string | null;
  readonly reconcile: boolean;
  readonly rowsRead: number;
  readonly rowsExpected: number | null;
  readonly percent: number | null;
  readonly rowsPerSecond: number | null;
  readonly etaSeconds: number | null;
  readonly error: { readonly code: string } | null;
}

export async function snapshotList(
  line: CommandLine,
  config: SluiceConfig,
  screen: Screen,
): Promise<boolean> {
  showJobs(screen, await read<{ jobs: readonly Job[] }>(urlOf(line, config), '/api/snapshots'));
  return true;
}

/** One job for each captured table that fits `--table`. */
export async function snapshotStart(
  line: CommandLine,
  config: SluiceConfig,
  screen: Screen,
): Promise<boolean> {
  const { values } = line;
  const wish = {
    tables: [values.needed('table'), ...values.texts('table').slice(0, -1)],
    condition: values.text('condition') ?? null,
    reconcile: values.flag('reconcile'),
    by: whoIsIt(values),
  };
  const made = await order<{ jobs: readonly Job[] }>(urlOf(line, config), '/api/snapshots', wish);
  showJobs(screen, made);
  screen.say(`${plural(made.jobs.length, 'job')} made; sluice snapshot list shows how far they are`);
  return true;
}

/** Pauses, resumes or cancels, as the command's second word says. */
export async function snapshotMove(
  line: CommandLine,
  config: SluiceConfig,
  screen: Screen,
): Promise<boolean> {
  const { values, command } = line;
  const [, verb = ''] = command.split(' ');
  const id = encodeURIComponent(values.needed('id'));
  const path = `/api/snapshots/${id}/${verb}`;
  const { job } = await order<{ job: Job }>(urlOf(line, config), path, { by: whoIsIt(values) });
  showJobs(screen, { jobs: [job] });
  return true;
}

function urlOf({ values }: CommandLine, config: SluiceConfig): string {
  return values.text('url') ?? opsUrl(config, ['capture']);
}

function showJobs(screen: Screen, document: { readonly jobs: readonly Job[] }): void {
  show(screen, document, HEADINGS, document.jobs.map(rowOf));
}

function rowOf(job: Job): readonly Cell[] {
  const { id, table, state, rowsRead, rowsExpected, percent, rowsPerSecond, etaSeconds, condition, error } =
    job;
  const left = etaSeconds === null ? null : durationText(etaSeconds);
  return [
    id,
    table,
    state,
    rowsRead,
    rowsExpected,
    percent,
    rowsPerSecond,
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
