import type { BeginEvent } from '@sluice/binlog';

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
  /** Of the statement whose rows come now, by its comment; null where it has none, or nobody asked. */
  traceparent: string | null;
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
    traceparent: null,
  };
}

/** @param floor the number below which the stream's next ones do not lie */
export function beginTransaction(
  transaction: StreamTransaction,
  {
    gtid,
    start,
    committedAtMicros,
    serverId,
  }: Pick<BeginEvent, 'gtid' | 'start' | 'committedAtMicros' | 'serverId'>,
  floor: number,
): void {
  transaction.open = true;
  transaction.gtid = gtid;
  transaction.start = start;
  transaction.floorAtStart = floor;
  transaction.committedAtMicros = committedAtMicros;
  transaction.committedAtMs = committedAtMicros / 1000;
  transaction.serverId = serverId;
  transaction.images = 0;
  transaction.xa = null;
  transaction.traceparent = null;
}
