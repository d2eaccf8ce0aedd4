import type { Sequence } from '@sluice/envelope';

/** Where an earlier reading stopped: needed to number and to skip the same way. */
export interface ResumePoint {
  readonly file: string;
  /** Bytes; a GTID set may let the reading begin elsewhere. */
  readonly position: number;
  /** The last sequence offset used in `file` before the point. */
  readonly floor: number;
  /** Rows up to this file number and sequence offset are published already; null when none can come again. */
  readonly publishedThrough: { readonly fileNumber: number; readonly offset: number } | null;
  /** Highest sequence published in this generation; '' when none. */
  readonly highest: Sequence;
  /** Creation time of `file` (seconds since 1970), 0 when not known. */
  readonly fileCreatedAt: number;
}
