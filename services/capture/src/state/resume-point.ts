import type { Sequence } from '@sluice/envelope';
import type { StreamPosition } from '../model/position.ts';

/** Where an earlier reading stopped: needed to number and to skip the same way. */
export interface ResumePoint {
  readonly file: string;
  /** Bytes; a GTID set may let the reading begin elsewhere. 0 where only the GTID set says what was published. */
  readonly position: number;
  /**
   * Before this place only the GTID set says what was published: the server passes over what stands there and is in the set. Null
   * where file and position say it from the beginning.
   */
  readonly gtidsUntil: StreamPosition | null;
  /** The last sequence offset used in `file` before the point. */
  readonly floor: number;
  /** Rows up to this file number and sequence offset are published already; null when none can come again. */
  readonly publishedThrough: { readonly fileNumber: number; readonly offset: number } | null;
  /** Highest sequence published in this generation; '' when none. */
  readonly highest: Sequence;
  /** Creation time of `file` (seconds since 1970), 0 when not known. */
  readonly fileCreatedAt: number;
}
