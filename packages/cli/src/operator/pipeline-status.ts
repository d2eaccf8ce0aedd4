import { CAPTURE, TopicRouting } from '@sluice/envelope';
import { groupLag } from '@sluice/kafka';
import { captureStatus, health, sinkStatus, type Health } from '@sluice/ops-api';
import { CallFailed, look, type Call } from '@sluice/ops-api/client';
import { PipelineError, type SluiceConfig } from '@sluice/runtime';
import type { CommandLine, PipelineCommand } from './command.ts';
import { withDeadLetters } from './dead-letters.ts';
import type { OptionValues } from './option-values.ts';
import { serviceOf } from './ops-url.ts';
import { show, type Screen } from './screen.ts';
import {
  HEADINGS,
  isWell,
  remarksOf,
  rowOf,
  strangerOf,
  type KnownByKafka,
  type ServiceAnswer,
  type ServiceStatus,
} from './service-line.ts';

const PATIENCE_MS = 5000;
const LETTERS_MS = 10_000;

export const statusCommand: PipelineCommand = {
  name: 'status',
  options: ['token-file', 'ca-file'],
  help: 'all services of the pipeline: readiness, lag, dead letters, last error',
  connects: 'kafka',
  run: pipelineStatus,
};

/**
 * One line per service of the pipeline, and one for everything that is not well. True when every service is ready, says that
 * all of it is ok, and has no dead letter. Of services that do not answer, Kafka is asked.
 */
async function pipelineStatus(
  { values }: CommandLine,
  config: SluiceConfig,
  screen: Screen,
): Promise<boolean> {
  const sinks = Object.keys(config.sinks).map((sink) => serviceAnswer(config, sink, values));
  const services = await Promise.all([serviceAnswer(config, null, values), ...sinks]);
  const now = Date.now();
  const document = services.map((answer) => ({ ...answer, well: isWell(answer) }));
  show(
    screen,
    { pipeline: config.pipeline, services: document },
    HEADINGS,
    services.map((answer) => rowOf(answer, now)),
  );
  for (const remark of services.flatMap(remarksOf)) screen.say(remark);
  return services.every(isWell);
}

/** @param sink null: capture */
async function serviceAnswer(
  config: SluiceConfig,
  sink: string | null,
  values: OptionValues,
): Promise<ServiceAnswer> {
  const service = serviceOf(config, sink === null ? ['capture'] : ['sinks', sink], values);
  const nobody = {
    service: sink === null ? 'capture' : `sink-${sink}`,
    url: service.url,
    ready: false,
    status: null,
    health: null,
    stranger: null,
    kafka: null,
  };
  const answer = await askService({ ...service, timeoutMs: PATIENCE_MS }, sink);
  if (answer === null) return { ...nobody, kafka: await askKafka(config, sink) };
  const stranger = strangerOf(answer.status, config.pipeline, sink);
  return stranger === null ? { ...nobody, ...answer } : { ...nobody, stranger };
}

interface Pages {
  readonly ready: boolean;
  readonly status: ServiceStatus;
  readonly health: Health;
}

/** Null when nobody answers. */
async function askService(service: Call, sink: string | null): Promise<Pages | null> {
  try {
    const status = await (sink === null ? look(service, captureStatus) : look(service, sinkStatus));
    const told = await look(service, health);
    return { ready: told.ready, status, health: told };
  } catch (error) {
    if (!(error instanceof CallFailed)) throw error;
    return null;
  }
}

/**
 * A sink that keeps its offsets in the store mirrors them in its group, within a second. Of capture nobody but the source
 * knows how far it is behind.
 */
async function askKafka(config: SluiceConfig, sink: string | null): Promise<KnownByKafka> {
  const signal = AbortSignal.timeout(LETTERS_MS);
  const access = { config, sink: sink ?? CAPTURE, decides: false, signal };
  const letters = withDeadLetters(access, async (admin) => (await admin.store.refresh()).depth);
  const lag = sink === null ? null : lagOf(config, sink);
  const [position, open] = await Promise.all([lag, orNull(letters)]);
  return { records: position?.records ?? null, lost: position?.lost ?? 0, deadLetters: open };
}

async function lagOf(
  config: SluiceConfig,
  sink: string,
): Promise<Awaited<ReturnType<typeof groupLag>> | null> {
  const routing = new TopicRouting(config.topics);
  return orNull(groupLag(config.kafka, `${config.pipeline}.${sink}`, (topic) => routing.isDataTopic(topic)));
}

async function orNull<T>(answer: Promise<T>): Promise<T | null> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof PipelineError || (error instanceof Error && error.name === 'TimeoutError'))
      return null;
    throw error;
  }
}
