import { checkpointsTopic } from '@sluice/envelope';
import type { TopicReader } from '@sluice/kafka';
import { PipelineError, type PreflightProblem, preflightFailed } from '@sluice/runtime';
import { keptTopicsReader } from '../catalog/kept-topics.ts';
import type { CaptureSettings } from '../settings/capture-settings.ts';
import { kafkaProblem, sourceProblem } from './connection-problems.ts';
import type { PublishedPlace } from '../source/host-facts.ts';
import type { SourceOrder } from '../source/choose-host.ts';
import { orAborted } from '../source/open-connection.ts';
import { openSource, type Source } from '../source/source.ts';
import { openCheckpoint } from '../state/checkpoint.ts';

/** How long the brokers may take to answer before that is said (ms); publishing outlives much longer outages. */
const BROKER_PATIENCE_MS = 5000;

export interface HostChoice {
  readonly acceptLostCheckpoint: boolean;
  readonly order?: SourceOrder | null;
}

export interface ReachedServers {
  readonly source: Source;
  /** What keeps Kafka from being used, to be told together with what is wrong with the source; null when it answers. */
  readonly kafkaError: PipelineError | null;
}

/**
 * Connects to both sides before anything else is done. A source that does not answer is an outage (MYSQL_UNREACHABLE,
 * retryable) when this pipeline has a checkpoint: its settings were right once. Without one nobody knows that they ever
 * were: PREFLIGHT_FAILED names them. KAFKA_UNREACHABLE when Kafka does not answer either: then that is not known.
 *
 * @param choice whether all tables are read again, and which server an operator wants to be read
 */
export async function reachServers(
  settings: CaptureSettings,
  choice: HostChoice,
  signal: AbortSignal,
): Promise<ReachedServers> {
  const kafka = kafkaErrorOf(settings, signal);
  const [source, kafkaError] = await Promise.all([
    orAborted(openPublished(settings, choice, signal), signal).catch(pipelineErrorOnly),
    kafka,
  ]);
  if (!(source instanceof PipelineError)) return { source, kafkaError };
  const problem = sourceProblem(source, settings.config);
  if (problem === null) throw source;
  const isOutage = source.code === 'MYSQL_UNREACHABLE';
  if (isOutage && kafkaError === null && (await hasCheckpoint(settings, signal))) throw source;
  refuseStart(settings, kafkaError, [problem], isOutage);
  throw source;
}

/**
 * Throws when there is any problem, all of them in one message: PREFLIGHT_FAILED when a person must fix something, the
 * code of Kafka's trouble when it is the only reason.
 * @param outageOnly the problems, too, may go away by themselves
 */
export function refuseStart(
  settings: CaptureSettings,
  kafkaError: PipelineError | null,
  problems: readonly PreflightProblem[],
  outageOnly = problems.length === 0,
): void {
  if (kafkaError === null) {
    if (problems.length > 0) throw preflightFailed(problems);
    return;
  }
  const kafka = kafkaProblem(kafkaError, settings.config);
  if (kafka === null) throw kafkaError;
  const all = preflightFailed([...problems, kafka]);
  if (!outageOnly || kafkaError.errorClass === 'fatal') throw all;
  throw new PipelineError(kafkaError.code, all.message, { cause: kafkaError.cause });
}

async function kafkaErrorOf(settings: CaptureSettings, signal: AbortSignal): Promise<PipelineError | null> {
  const reader = readerOf(settings, signal);
  try {
    await reader.topicNames();
    return null;
  } catch (error) {
    return pipelineErrorOnly(error);
  } finally {
    reader.close();
  }
}

/**
 * Of several servers, one that has what was published: where that ends is asked before. So it is where all tables are read again: from one that
 * lacks something every sink would go back to what that one has.
 */
async function openPublished(
  settings: CaptureSettings,
  { acceptLostCheckpoint, order }: HostChoice,
  signal: AbortSignal,
): Promise<Source> {
  const isOne = settings.config.source.hosts.length === 1;
  const place = isOne ? null : await publishedPlace(settings, signal);
  return openSource(settings.config, { place, order: order ?? null, readsAnew: acceptLostCheckpoint });
}

/** Null where there is no checkpoint, or none that can be read: the start itself judges that, after the fence. */
async function publishedPlace(
  settings: CaptureSettings,
  signal: AbortSignal,
): Promise<PublishedPlace | null> {
  const reader = readerOf(settings, signal);
  try {
    const topic = checkpointsTopic(settings.prefix);
    const newest = await reader.newestRecord(topic, settings.config.pipeline);
    const value = newest?.value ?? null;
    return value === null ? null : openCheckpoint(value);
  } catch (error) {
    pipelineErrorOnly(error);
    return null;
  } finally {
    reader.close();
  }
}

async function hasCheckpoint(settings: CaptureSettings, signal: AbortSignal): Promise<boolean> {
  const reader = readerOf(settings, signal);
  try {
    const topic = checkpointsTopic(settings.prefix);
    return (await reader.newestRecord(topic, settings.config.pipeline)) !== null;
  } finally {
    reader.close();
  }
}

function readerOf(settings: CaptureSettings, signal: AbortSignal): TopicReader {
  return keptTopicsReader(settings, signal, { recoveryMs: BROKER_PATIENCE_MS });
}

function pipelineErrorOnly(error: unknown): PipelineError {
  if (error instanceof PipelineError) return error;
  throw error;
}
