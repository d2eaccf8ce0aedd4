import type { SinkName } from '../../harness/sink-pipeline.ts';

/** A place where a value cannot be exact, and why, in words that a user understands. */
export interface KnownDifference {
  /** Title of the table. */
  readonly title: string;
  readonly place: SinkName;
  readonly reason: string;
}

/** The run fails when one of them is not found any more, as it does for any other difference. */
export const KNOWN_DIFFERENCES: readonly KnownDifference[] = [
  {
    title: 'FLOAT and DOUBLE in the primary key',
    place: 'mysql',
    reason:
      'No SQL literal is equal to a FLOAT, so a row could not be found again by its key. The sink refuses such a table with TARGET_TABLE_REFUSED and pauses it; the other tables go on.',
  },
];
