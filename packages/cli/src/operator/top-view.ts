import type { PipelineView, ServiceFigures, ServiceView } from '@sluice/ops-api/live';
import { printableLine, type SluiceConfig } from '@sluice/runtime';
import { remarksOf, type ServiceAnswer } from './service-line.ts';

/** A process of the pipeline, and its figures; null while it has told none. */
export interface LiveProcess {
  readonly answer: ServiceAnswer;
  readonly figures: ServiceFigures | null;
}

/** Nothing of what services and files say moves the cursor. */
export function topView(
  config: SluiceConfig,
  processes: readonly LiveProcess[],
  elapsedSeconds: number,
): PipelineView {
  const { pipeline, source, kafka } = config;
  return {
    title: `Sluice: ${pipeline}`,
    elapsedSeconds,
    workload: null,
    services: processes.map((process, place) => serviceView(process, nameAt(processes, place))),
    places: [
      ['source', `${source.host}:${source.port}`],
      ['Kafka', kafka.brokers.join(',')],
    ],
    events: processes.flatMap(({ answer }) => remarksOf(answer)).map(printableLine),
    stop: 'q or Ctrl-C ends this view; the pipeline continues.',
  };
}

/** `sink-redis`, of several processes `sink-redis 2`. */
function nameAt(processes: readonly LiveProcess[], place: number): string {
  const { service } = processes[place]?.answer ?? { service: '' };
  const same = (some: readonly LiveProcess[]): number =>
    some.filter(({ answer }) => answer.service === service).length;
  return same(processes) === 1 ? service : `${service} ${same(processes.slice(0, place + 1))}`;
}

function serviceView({ answer, figures }: LiveProcess, name: string): ServiceView {
  const { answers, url } = answer;
  const state = figures?.state;
  return {
    name,
    process: answers === 'yes' ? 'running' : answers,
    restarts: null,
    figures: figures === null || state === undefined ? figures : { ...figures, state: printableLine(state) },
    opsUrl: url,
    metricsUrl: null,
  };
}
