import type { RecordsBatch } from '@platformatic/kafka';
import { CONTROL_BIT } from './committed-records.ts';

/**
 * Milliseconds from the newest record of each transaction, by its producer's clock, to its end marker, by the broker's: markers are written
 * by the broker (KIP-98), and nothing else tells its clock. They take some milliseconds; what they have in common beyond that is a
 * difference of the clocks. Records must have their producer's times (`message.timestamp.type=CreateTime`, the default).
 */
export function commitDelays(batches: readonly RecordsBatch[]): readonly number[] {
  const newest = new Map<bigint, number>();
  const delays: number[] = [];
  for (const { attributes, producerId, firstTimestamp, maxTimestamp } of batches) {
    const written = newest.get(producerId);
    if ((attributes & CONTROL_BIT) === 0) {
      newest.set(producerId, Math.max(written ?? 0, Number(maxTimestamp)));
    } else if (written !== undefined) {
      delays.push(Number(firstTimestamp) - written);
      newest.delete(producerId);
    }
  }
  return delays;
}
