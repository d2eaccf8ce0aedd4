import type { Logger, TopicsConfig } from '@sluice/runtime';
import { LETTER_LIFE_MS } from './dead-letter-producer.ts';
import { toKnownError } from './known-error.ts';
import type { Sink } from './sink.ts';

const DAY_MS = 86_400_000;

/**
 * Milliseconds for which a sink has to remember a deleted row: as long as a change from before the delete may come again,
 * out of the topic or, written to the dead letters on the topic's last day, out of those. Infinity where records stay for ever.
 */
export function tombstoneLifeMs(
  tombstoneDays: number,
  { retentionMs, cleanupPolicy }: Pick<TopicsConfig, 'retentionMs' | 'cleanupPolicy'>,
): number {
  if (retentionMs < 0 || cleanupPolicy === 'compact') return Number.POSITIVE_INFINITY;
  return Math.max(tombstoneDays * DAY_MS, retentionMs + LETTER_LIFE_MS);
}

/** Has the store forget deletes of before `lifeMs`. They only take room: what hinders that hinders nothing else, and it is tried again in an hour. */
export async function forgetDeletes(
  sink: Pick<Sink, 'purge'>,
  lifeMs: number,
  signal: AbortSignal,
  log: Logger,
): Promise<void> {
  const before = new Date(Date.now() - lifeMs);
  if (sink.purge === undefined || Number.isNaN(before.getTime())) return;
  try {
    const purged = await sink.purge(before, signal);
    if (purged > 0) log.info({ event: 'tombstones.purged', purged, before }, 'old deletes forgotten');
  } catch (error) {
    if (signal.aborted) return;
    log.warn({ event: 'tombstones.kept', err: toKnownError(error) }, 'old deletes not forgotten now');
  }
}
