import { CAPTURE } from '@sluice/envelope';
import { groupLag, groupMembers, kafkaClient, type GroupMember } from '@sluice/kafka';
import { createLogger, PipelineError, type SluiceConfig } from '@sluice/runtime';
import { withDeadLetters } from './dead-letters.ts';
import type { KnownByKafka } from './service-line.ts';
import { topicsOfSink } from './sink-topics.ts';

const LETTERS_MS = 10_000;

/** Of a sink's group; `list` is null, and `problem` says why, when Kafka does not tell. */
export interface FoundMembers {
  readonly list: readonly GroupMember[] | null;
  readonly problem: string | null;
}

/** Sluice's own members of the sink's group. */
export async function membersOf(config: SluiceConfig, sink: string): Promise<FoundMembers> {
  const kafka = kafkaClient(config.kafka, createLogger('sluice', { level: 'silent' }), 'person');
  try {
    const members = await groupMembers(kafka, `${config.pipeline}.${sink}`);
    return { list: members.filter(({ clientId }) => clientId === config.kafka.clientId), problem: null };
  } catch (error) {
    if (!(error instanceof PipelineError)) throw error;
    return { list: null, problem: `${error.code}: ${error.message}` };
  }
}

/** Of a sink, when Kafka does not answer. */
export const UNKNOWN: KnownByKafka = { records: null, lost: 0, deadLetters: null, members: null };

/**
 * What Kafka knows of a service that does not answer. A sink that keeps its offsets in the store mirrors them in its group, within a
 * second. Of capture nobody but the source knows how far it is behind.
 */
export async function askKafka(
  config: SluiceConfig,
  sink: string | null,
  members: readonly GroupMember[] | null,
): Promise<KnownByKafka> {
  const signal = AbortSignal.timeout(LETTERS_MS);
  const access = { config, sink: sink ?? CAPTURE, decides: false, signal };
  const letters = withDeadLetters(access, async (admin) => (await admin.store.refresh()).depth);
  const lag = sink === null ? null : lagOf(config, sink);
  const [position, open] = await Promise.all([lag, orNull(letters)]);
  const { records = null, lost = 0 } = position ?? {};
  return { records, lost, deadLetters: open, members: members?.length ?? null };
}

async function lagOf(
  config: SluiceConfig,
  sink: string,
): Promise<Awaited<ReturnType<typeof groupLag>> | null> {
  return orNull(groupLag(config.kafka, `${config.pipeline}.${sink}`, topicsOfSink(config, sink)));
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
