import type { TopicsConfig } from '@sluice/runtime';
import { LETTER_LIFE_MS } from './dead-letter-producer.ts';

const DAY_MS = 86_400_000;

/**
 * Milliseconds for which a sink has to remember a deleted row: as long as a change from before the delete may come once more,
 * out of the topic or, written to the dead letters on the topic's last day, out of those. Infinity where records stay for ever.
 */
export function tombstoneLifeMs(
  tombstoneDays: number,
  { retentionMs, cleanupPolicy }: Pick<TopicsConfig, 'retentionMs' | 'cleanupPolicy'>,
): number {
  if (retentionMs < 0 || cleanupPolicy === 'compact') return Number.POSITIVE_INFINITY;
  return Math.max(tombstoneDays * DAY_MS, retentionMs + LETTER_LIFE_MS);
}
