import type { StreamPosition } from '../model/position.ts';

/** What the stream had read when a chunk began: everything of it must be visible to the chunk's SELECT. */
export interface StreamProgress {
  /** Transactions read, an open one included; null where there are no GTIDs. */
  readonly gtidSet: string | null;
  /** End of the last event read. */
  readonly position: StreamPosition;
}
