import { setTimeout } from 'node:timers/promises';
import type { SluiceConfig } from '@sluice/runtime';
import { askProcesses } from './ask-processes.ts';
import { askService } from './ask-service.ts';
import { fellowRows } from './capture-fellows.ts';
import type { CommandLine, PipelineCommand } from './command.ts';
import { askKafka, UNKNOWN } from './kafka-knowledge.ts';
import type { OptionValues } from './option-values.ts';
import { serviceOf } from './ops-url.ts';
import { show, type Screen } from './screen.ts';
import {
  answerOf,
  HEADINGS,
  isWell,
  remarksOf,
  rowOf,
  type KnownByKafka,
  type ServiceAnswer,
} from './service-line.ts';
import { answersPerProcess } from './sink-processes.ts';

const WATCH_MS = 2000;

export const statusCommand: PipelineCommand = {
  name: 'status',
  options: ['watch', 'token-file', 'ca-file'],
  help: 'all processes of the pipeline: readiness, lag, dead letters, last error',
  connects: 'kafka',
  run: pipelineStatus,
};

/**
 * One line per process of the pipeline (of several captures those that the answering one has heard of), and one for everything that is not well. True when every service runs and is ready, says that
 * all of it is ok, and has no dead letter, and none was left out. With `--watch` every two seconds, until it is interrupted.
 */
async function pipelineStatus(
  { values }: CommandLine,
  config: SluiceConfig,
  screen: Screen,
): Promise<boolean> {
  for (;;) {
    const answers = await answersOf(config, values);
    const isOnce = !values.flag('watch');
    if (!isOnce) screen.clear();
    showAnswers(answers, config, screen);
    if (isOnce) return answers.every(isWell);
    await setTimeout(WATCH_MS);
  }
}

function showAnswers(services: readonly ServiceAnswer[], config: SluiceConfig, screen: Screen): void {
  const now = Date.now();
  const document = services.map((answer) => ({ ...answer, well: isWell(answer) }));
  const rows = services.flatMap((answer) => [rowOf(answer, now), ...fellowRows(answer.status, now)]);
  show(screen, { pipeline: config.pipeline, services: document }, HEADINGS, rows);
  for (const remark of new Set(services.flatMap(remarksOf))) screen.say(remark);
}

/** What every process of the pipeline says, or what is at its address instead. */
export async function answersOf(
  config: SluiceConfig,
  values: OptionValues,
): Promise<readonly ServiceAnswer[]> {
  const sinks = Object.keys(config.sinks).map((sink) => sinkAnswers(config, sink, values));
  return (await Promise.all([captureAnswers(config, values), ...sinks])).flat();
}

async function captureAnswers(config: SluiceConfig, values: OptionValues): Promise<readonly ServiceAnswer[]> {
  const service = serviceOf(config, ['capture'], values);
  const asked = { url: service.url, expected: null, told: await askService(service) };
  const kafka = asked.told.kind === 'silent' ? await askKafka(config, null, null) : null;
  return [answerOf({ pipeline: config.pipeline, sink: null }, asked, kafka)];
}

async function sinkAnswers(
  config: SluiceConfig,
  sink: string,
  values: OptionValues,
): Promise<readonly ServiceAnswer[]> {
  const { configured, found, members, unseen } = await askProcesses(config, sink, values);
  const answers = answersPerProcess(configured, found);
  const isSilent = answers.some((asked) => asked.told.kind === 'silent');
  const known = (): Promise<KnownByKafka> | KnownByKafka =>
    members.list === null ? UNKNOWN : askKafka(config, sink, members.list);
  const kafka = isSilent ? await known() : null;
  return answers.map((asked) => answerOf({ pipeline: config.pipeline, sink }, asked, kafka, unseen));
}
