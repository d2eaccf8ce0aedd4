import { setTimeout as delay } from 'node:timers/promises';
import type { GroupPosition, GroupWatch } from '@sluice/kafka';

/** By topic, of each partition the offset behind what has to be applied. */
export type TopicEnds = ReadonlyMap<string, readonly bigint[]>;

const EVERY_MS = 300;
/** A sink that is slow, or tries a store again. */
const WAIT_MS = 60_000;
/** A sink that is started again. */
const NOBODY_MS = 3000;

/**
 * Waits, for a bounded time, until the sink has applied all below these ends: null; or why that cannot be known. A sink's group moves
 * behind a record when it is applied, or is a dead letter; one that keeps its offsets in the store mirrors them within a second.
 */
export async function sinkApplied(
  watch: GroupWatch,
  { sink, group }: { readonly sink: string; readonly group: string },
  ends: TopicEnds,
  signal: AbortSignal,
): Promise<string | null> {
  for (const startedAt = Date.now(); ;) {
    const positions = await watch.positions(group, [...ends.keys()]);
    const left = recordsLeft(positions, ends);
    if (left === 0n) return null;
    const waitedMs = Date.now() - startedAt;
    const isNobody = waitedMs >= NOBODY_MS && (await watch.members(group)).length === 0;
    if (isNobody) return `no process of sink ${sink} runs, and it has ${left} records of the table to apply`;
    if (waitedMs >= WAIT_MS)
      return `sink ${sink} has not applied ${left} records of the table within ${WAIT_MS / 1000} s`;
    await delay(EVERY_MS, undefined, { signal });
  }
}

/** The end marker of a transaction is no record: where it stands alone, nothing is left. */
export function recordsLeft(
  positions: readonly Pick<GroupPosition, 'topic' | 'partition' | 'low' | 'committed'>[],
  ends: TopicEnds,
): bigint {
  let left = 0n;
  for (const { topic, partition, low, committed } of positions) {
    const at = committed === null || committed < low ? low : committed;
    const distance = (ends.get(topic)?.[partition] ?? 0n) - at;
    if (distance > 1n) left += distance;
  }
  return left;
}
