import type { TopicRouting } from '@sluice/envelope';
import { sealHeader, type RecordSeals, type TopicRecord } from '@sluice/kafka';
import type { Replayed } from '@sluice/ops-api';
import { PipelineError } from '@sluice/runtime';
import { decodeBatch } from '../decode.ts';
import type { Delivery, Outcome } from '../sink.ts';
import type { IndexedDeadLetter } from './dead-letter-index.ts';
import type { DeadLetter } from './dead-letter.ts';
import type { DeadLetterOutcome } from './decisions.ts';

/** A letter that was replayed so often without success is not tried again without force. */
export const REPLAYS_MAX = 5;

export interface ReplayTools {
  readonly routing: TopicRouting;
  /** Null without `kafka.sealKeyFile`. */
  readonly seals: RecordSeals | null;
  readonly read: (letter: DeadLetter) => Promise<TopicRecord | null>;
  /** Gives one delivery to the store, without moving offsets. Throws when the store does not answer. */
  readonly write: (delivery: Delivery) => Promise<Outcome>;
  readonly record: (letter: IndexedDeadLetter, outcome: DeadLetterOutcome, reason?: string) => Promise<void>;
}

/**
 * Gives the record of a letter to the store again, through the same guard as everything else: what is older than the
 * store's row is stale, and resolved by that. Throws when the store or Kafka does not answer; then nothing is decided.
 */
export async function replayDeadLetter(
  letter: IndexedDeadLetter,
  force: boolean,
  tools: ReplayTools,
): Promise<Replayed> {
  const { id, offset } = letter;
  if (offset === null || (isWornOut(letter) && !force)) return { id, result: 'refused' };
  const record = await tools.read(letter);
  if (record === null) return { id, result: 'gone' };
  const outcome = await attempt(record, { ...letter, offset }, tools);
  if (outcome.kind !== 'failed') {
    await tools.record(letter, outcome.kind === 'applied' ? 'replayed' : 'stale');
    return { id, result: outcome.kind };
  }
  const { code, message } = outcome.error;
  await tools.record(letter, 'failed', code);
  return { id, result: 'failed', code, message };
}

export function isWornOut({ replays }: Pick<IndexedDeadLetter, 'replays'>): boolean {
  return replays >= REPLAYS_MAX;
}

async function attempt(
  record: TopicRecord,
  letter: DeadLetter & { readonly offset: bigint },
  tools: ReplayTools,
): Promise<Outcome> {
  const { topic, partition, offset } = letter;
  const { key, value, timestamp } = record;
  const original = { offset, timestampMs: timestamp, key, value, headers: sealHeader(record.headers) };
  const next = offset + 1n;
  const batch = { topic, partition, highWatermark: next, endOffset: next, records: [original] };
  const [entry] = decodeBatch(batch, tools.routing, tools.seals);
  if (entry?.kind === 'poison') return { kind: 'failed', error: entry.error };
  // A null value or a heartbeat tells a store nothing.
  if (entry?.kind !== 'row' && entry?.kind !== 'control') return { kind: 'stale' };
  return keepsToOne(await tools.write(entry.delivery));
}

/** An outcome of the class `retryable` or `fatal` is the store's: nothing was learned about the record. */
function keepsToOne(outcome: Outcome): Outcome {
  if (outcome.kind !== 'failed') return outcome;
  const { error } = outcome;
  if (error.errorClass === 'record' || error.errorClass === 'schema') return outcome;
  throw new PipelineError(error.code, error.message, { cause: error, context: error.context });
}
