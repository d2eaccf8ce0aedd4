import { toTableId } from '@sluice/envelope';
import { resumeSinkTable, resumeTable } from '@sluice/ops-api';
import { CallFailed, call } from '@sluice/ops-api/client';
import type { SluiceConfig } from '@sluice/runtime';
import { CommandFailed } from './command-failed.ts';
import type { CommandLine, PipelineCommand } from './command.ts';
import { sinkOf, whoIsIt } from './dead-letters.ts';
import { liftIn, pauseIn } from './sink-pause.ts';
import { serviceOf } from './ops-url.ts';
import { show, type Screen } from './screen.ts';

const HEADINGS = ['SERVICE', 'PAUSE', 'CHANGES RELEASED', 'PROBLEM'];

interface Result {
  readonly service: string;
  /** Changes that may be applied now. */
  readonly resumed: readonly string[];
  readonly problem: string | null;
}

export const tablePauseCommand: PipelineCommand = {
  name: 'table pause',
  options: ['table', 'sink', 'by', 'reason'],
  help: 'apply no change of a table in the sinks, or in one, until table resume',
  connects: 'kafka',
  run: tablePause,
};

async function tablePause({ values }: CommandLine, config: SluiceConfig, screen: Screen): Promise<boolean> {
  const table = toTableId(values.needed('table'));
  const [by, reason] = [whoIsIt(values), values.text('reason')];
  const sinks = sinksOf(values, config);
  for (const sink of sinks) await pauseIn({ config, sink, table, by, reason, screen }, 'table pause');
  show(
    screen,
    { table, by, paused: sinks },
    ['SINK', 'PAUSED'],
    sinks.map((sink) => [sink, table]),
  );
  return true;
}

export const tableResumeCommand: PipelineCommand = {
  name: 'table resume',
  options: ['table', 'sink', 'token-file', 'ca-file', 'by', 'reason'],
  help: 'resume a table that is paused in capture or in sinks, by `ddl: … pause-table` or by table pause',
  connects: 'kafka',
  run: tableResume,
};

/** `table resume`: capture and every sink in which the table waits go on, or the one sink of `--sink`. */
async function tableResume({ values }: CommandLine, config: SluiceConfig, screen: Screen): Promise<boolean> {
  const table = values.needed('table');
  const [by, reason] = [whoIsIt(values), values.text('reason')];
  const sinks = sinksOf(values, config);
  const order = { table, by, reason };
  const places = sinks.map((sink) =>
    asked(`sink-${sink}`, () => call(serviceOf(config, ['sinks', sink], values), resumeSinkTable, order)),
  );
  const isAll = values.text('sink') === undefined;
  const capture = (): Promise<Resumed> => call(serviceOf(config, ['capture'], values), resumeTable, order);
  const lifted = await Promise.all(
    sinks.map((sink) =>
      liftIn({ config, sink, table: toTableId(table), by, reason, screen }, 'table resume'),
    ),
  );
  const results = await Promise.all([...(isAll ? [asked('capture', capture)] : []), ...places]);
  const wasPaused = new Map(sinks.map((sink, at) => [`sink-${sink}`, lifted[at] === true]));
  const services = results.map((result) => ({ ...result, lifted: wasPaused.get(result.service) === true }));
  const rows = services.map((place) => [
    place.service,
    place.lifted ? 'lifted' : null,
    place.resumed.length,
    place.problem,
  ]);
  show(screen, { table, by, services }, HEADINGS, rows);
  const isComplete = results.every(({ problem }) => problem === null);
  const isNone = results.every(({ resumed }) => resumed.length === 0) && !lifted.includes(true);
  if (isComplete && isNone) throw new CommandFailed(`${table} is not paused anywhere: nothing to resume`);
  screen.say(`table resume: ${table} by ${by}`);
  return isComplete;
}

/** That of `--sink`, or all. */
function sinksOf(values: CommandLine['values'], config: SluiceConfig): readonly string[] {
  return values.text('sink') === undefined ? Object.keys(config.sinks) : [sinkOf(config, values)];
}

interface Resumed {
  readonly resumed: readonly string[];
}

async function asked(service: string, resume: () => Promise<Resumed>): Promise<Result> {
  try {
    const { resumed } = await resume();
    return { service, resumed, problem: null };
  } catch (error) {
    if (!(error instanceof CallFailed)) throw error;
    return { service, resumed: [], problem: error.message };
  }
}
