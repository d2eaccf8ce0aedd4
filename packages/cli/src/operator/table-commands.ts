import { toTableId } from '@sluice/envelope';
import { resumeSinkTable, resumeTable } from '@sluice/ops-api';
import { CallFailed, call, type Call } from '@sluice/ops-api/client';
import type { SluiceConfig } from '@sluice/runtime';
import { askService } from './ask-service.ts';
import { CommandFailed } from './command-failed.ts';
import type { CommandLine, PipelineCommand } from './command.ts';
import { sinkOf, whoIsIt } from './dead-letters.ts';
import { callOf, findProcesses, unseenOf } from './find-processes.ts';
import { liftIn, pauseIn } from './sink-pause.ts';
import { serviceOf } from './ops-url.ts';
import { show, type Screen } from './screen.ts';
import { strangerOf } from './service-line.ts';

const HEADINGS = ['SERVICE', 'PROCESS', 'PAUSE', 'CHANGES RELEASED', 'PROBLEM'];

interface Result {
  readonly service: string;
  /** Null where there is one address for the service. */
  readonly instance: string | null;
  /** Whether a pause by order was lifted. */
  readonly lifted: boolean;
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

/**
 * `table resume`: capture and every process of every sink in which the table waits go on, or those of the one sink of `--sink`. False when one
 * of them could not be asked.
 */
async function tableResume({ values }: CommandLine, config: SluiceConfig, screen: Screen): Promise<boolean> {
  const table = values.needed('table');
  const order = { table, by: whoIsIt(values), reason: values.text('reason') };
  const isAll = values.text('sink') === undefined;
  const capture = (): Promise<Resumed> => call(serviceOf(config, ['capture'], values), resumeTable, order);
  const [ofCapture, ...ofSinks] = await Promise.all([
    isAll ? asked('capture', null, capture).then((one) => [one]) : Promise.resolve([]),
    ...sinksOf(values, config).map((sink) => resumeInSink({ config, sink, values, screen, order })),
  ]);
  const services = [...ofCapture, ...ofSinks.flat()];
  const rows = services.map(({ service, instance, lifted, resumed, problem }) => {
    return [service, instance, lifted ? 'lifted' : null, resumed.length, problem];
  });
  show(screen, { table, by: order.by, services }, HEADINGS, rows);
  const isComplete = services.every(({ problem }) => problem === null);
  const isNone = services.every(({ resumed, lifted }) => resumed.length === 0 && !lifted);
  if (isComplete && isNone) throw new CommandFailed(`${table} is not paused anywhere: nothing to resume`);
  for (const { service, instance, resumed } of services)
    for (const id of resumed) screen.say(`${instance ?? service}: released ${id}`);
  screen.say(`table resume: ${table} by ${order.by}`);
  return isComplete;
}

/** That of `--sink`, or all. */
function sinksOf(values: CommandLine['values'], config: SluiceConfig): readonly string[] {
  return values.text('sink') === undefined ? Object.keys(config.sinks) : [sinkOf(config, values)];
}

interface SinkOrder {
  readonly config: SluiceConfig;
  readonly sink: string;
  readonly values: CommandLine['values'];
  readonly screen: Screen;
  readonly order: { readonly table: string; readonly by: string; readonly reason: string | undefined };
}

/** A decision holds in every process; but each knows only of the changes that wait in itself. */
async function resumeInSink({ config, sink, values, screen, order }: SinkOrder): Promise<readonly Result[]> {
  const { table, by, reason } = order;
  const wish = { config, sink, table: toTableId(table), by, reason, screen };
  const lifted = await liftIn(wish, 'table resume');
  const places = await placesOf(config, sink, values);
  const results: Result[] = [];
  for (const { instance, where } of places) {
    const resume = (): Promise<Resumed> =>
      typeof where === 'string'
        ? Promise.reject(new CallFailed('silent', where))
        : call(where, resumeSinkTable, order);
    results.push({ ...(await asked(`sink-${sink}`, instance, resume)), lifted });
  }
  return results;
}

interface Place {
  readonly instance: string | null;
  /** Or why nobody can be asked. */
  readonly where: Call | string;
}

/** Every process that the group knows, each by its own address or, where that is the one, by the configured one. */
async function placesOf(
  config: SluiceConfig,
  sink: string,
  values: CommandLine['values'],
): Promise<readonly Place[]> {
  const path = ['sinks', sink];
  const configured = serviceOf(config, path, values);
  const [{ processes, nameless, members }, told] = await Promise.all([
    findProcesses(config, sink),
    askService(configured),
  ]);
  // Another service at this address is not asked: the processes have addresses of their own.
  const isOurs =
    told.kind === 'told' && strangerOf(told.status, { pipeline: config.pipeline, sink }) === null;
  const answering = isOurs ? (told.status.instance ?? null) : null;
  const found = processes.map((process): Place => {
    const own = callOf(config, path, process, values);
    const { instance } = process;
    return { instance, where: instance === answering ? { ...own, url: configured.url } : own };
  });
  const isThere = processes.some(({ instance }) => instance === answering);
  const unfound =
    isThere || (found.length > 0 && answering === null) ? [] : [{ instance: null, where: configured }];
  const unseen = unseenOf(members.problem, nameless);
  return [...unfound, ...found, ...(unseen === null ? [] : [{ instance: null, where: unseen }])];
}

interface Resumed {
  readonly resumed: readonly string[];
}

async function asked(
  service: string,
  instance: string | null,
  resume: () => Promise<Resumed>,
): Promise<Result> {
  const result = { service, instance, lifted: false };
  try {
    const { resumed } = await resume();
    return { ...result, resumed, problem: null };
  } catch (error) {
    if (!(error instanceof CallFailed)) throw error;
    return { ...result, resumed: [], problem: error.message };
  }
}
