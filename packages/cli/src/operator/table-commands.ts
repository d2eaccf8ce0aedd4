import { toTableId } from '@sluice/envelope';
import { resumeTable } from '@sluice/ops-api';
import { CallFailed, call } from '@sluice/ops-api/client';
import type { SluiceConfig } from '@sluice/runtime';
import { CommandFailed } from './command-failed.ts';
import type { CommandLine, PipelineCommand } from './command.ts';
import { sinkOf, whoIsIt } from './dead-letters.ts';
import type { OptionValues } from './option-values.ts';
import { pauseObeyed } from './pause-obeyed.ts';
import { serviceOf } from './ops-url.ts';
import { resumeInSink, type Resumption, type SinkOrder } from './resume-in-sink.ts';
import { show, type Screen } from './screen.ts';
import { areObeying, pauseIn } from './sink-pause.ts';

const HEADINGS = ['SERVICE', 'PROCESS', 'PAUSE', 'CHANGES RELEASED', 'PROBLEM'];

export const tablePauseCommand: PipelineCommand = {
  name: 'table pause',
  options: ['table', 'sink', 'token-file', 'ca-file', 'by', 'reason'],
  help: 'apply no change of a table in the sinks, or in one, until table resume',
  connects: 'kafka',
  run: tablePause,
};

async function tablePause({ values }: CommandLine, config: SluiceConfig, screen: Screen): Promise<boolean> {
  const table = toTableId(values.needed('table'));
  const [by, reason] = [whoIsIt(values), values.text('reason')];
  const sinks = sinksOf(values, config);
  for (const sink of sinks) await pauseIn({ config, sink, table, by, reason, screen }, 'table pause');
  const seen = await Promise.all(
    sinks.map(async (sink) => ({
      sink,
      ...(await pauseObeyed({ config, sink, table, isPaused: true, values })),
    })),
  );
  const rows = seen.map(({ sink, obeying }) => [sink, table, obeying.length]);
  show(screen, { table, by, paused: sinks, sinks: seen }, ['SINK', 'PAUSED', 'PROCESSES'], rows);
  return seen.map((each) => areObeying(each.sink, each, screen)).every(Boolean);
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
  const [ofCapture, ...ofSinks] = await Promise.all([
    isAll ? captureResumes(config, values, order).then((one) => [one]) : Promise.resolve([]),
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
function sinksOf(values: OptionValues, config: SluiceConfig): readonly string[] {
  return values.text('sink') === undefined ? Object.keys(config.sinks) : [sinkOf(config, values)];
}

async function captureResumes(
  config: SluiceConfig,
  values: OptionValues,
  order: SinkOrder['order'],
): Promise<Resumption> {
  const result = { service: 'capture', instance: null, lifted: false };
  try {
    const { resumed } = await call(serviceOf(config, ['capture'], values), resumeTable, order);
    return { ...result, resumed, problem: null };
  } catch (error) {
    if (!(error instanceof CallFailed)) throw error;
    return { ...result, resumed: [], problem: error.message };
  }
}
