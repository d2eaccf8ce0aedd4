/** Facts of the transaction that is open, or was the last one open. */
export interface StreamTransaction {
  open: boolean;
  gtid: string | null;
  start: number;
  floorAtStart: number;
  /** Microseconds since 1970, as the binlog tells them. */
  committedAtMicros: number;
  committedAtMs: number;
  serverId: number;
  images: number;
  /** Name of the XA transaction that it is; null for any other. */
  xa: string | null;
}

/** That of a stream which has not met any. */
export function newTransaction(): StreamTransaction {
  return {
    open: false,
    gtid: null,
    start: 0,
    floorAtStart: 0,
    committedAtMicros: 0,
    committedAtMs: 0,
    serverId: 0,
    images: 0,
    xa: null,
  };
}
