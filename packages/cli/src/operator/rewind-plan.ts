import type { GroupPosition } from '@sluice/kafka';

/** Where to: the oldest record, an offset (of one partition), or the first record of a time. */
export type RewindTarget =
  | { readonly kind: 'beginning' }
  | { readonly kind: 'offset'; readonly offset: bigint }
  | { readonly kind: 'time'; readonly atMs: number };

export interface PlannedMove {
  readonly topic: string;
  readonly partition: number;
  /** Null: the group has no offset there. */
  readonly from: bigint | null;
  readonly to: bigint;
  /** Records between were deleted unread. */
  readonly overGap: boolean;
}

export interface RefusedMove {
  readonly topic: string;
  readonly partition: number;
  /** One sentence for the operator. */
  readonly reason: string;
}

export interface RewindPlan {
  readonly moves: readonly PlannedMove[];
  readonly refused: readonly RefusedMove[];
}

/**
 * A rewind only ever goes back: to go forward would skip records for good. A partition that lost records unread (its
 * position is outside of what the broker holds) is refused unless `acceptGap`: then it continues at the oldest record.
 */
export function planRewind(
  positions: readonly GroupPosition[],
  target: RewindTarget,
  acceptGap: boolean,
): RewindPlan {
  const moves: PlannedMove[] = [];
  const refused: RefusedMove[] = [];
  for (const position of positions) {
    const { topic, partition, committed: from, low } = position;
    const answer = hasGap(position) && acceptGap ? low : destination(position, target);
    if (typeof answer === 'string') refused.push({ topic, partition, reason: answer });
    else if (answer !== null && answer !== from)
      moves.push({ topic, partition, from, to: answer, overGap: hasGap(position) });
  }
  return { moves, refused };
}

/** A partition that was never read has none: it begins at its oldest record, and the sink says what it lacks. */
function hasGap({ committed, low, high }: GroupPosition): boolean {
  return committed !== null && (committed < low || committed > high);
}

/** The offset to go to, null to stay, or why not. */
function destination(position: GroupPosition, target: RewindTarget): bigint | string | null {
  const { committed, low, high, atTime } = position;
  if (hasGap(position))
    return `records were deleted unread: the group is at ${committed}, the broker has ${low} to ${high}`;
  // Without an offset of the group it is unknown whether a store keeps one of its own: its first record is safe for both.
  if (committed === null) return target.kind === 'beginning' ? low : null;
  switch (target.kind) {
    case 'beginning':
      return low;
    case 'time':
      return atTime === null || atTime > committed ? null : atTime;
    case 'offset':
      if (target.offset > committed)
        return `the group is at ${committed}: moving to ${target.offset} would skip ${target.offset - committed} records`;
      return target.offset < low ? `the broker has ${low} to ${high}` : target.offset;
  }
}

/** Records that will be read again. */
export function recordsOf(moves: readonly PlannedMove[]): bigint {
  return moves.reduce((sum, { from, to }) => sum + (from === null || from < to ? 0n : from - to), 0n);
}
