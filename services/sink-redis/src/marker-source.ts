/** A command that is sent behind a batch: when Redis has kept it, it has kept the batch. */
export interface WriteMarker {
  readonly key: string;
  readonly value: string;
  /** Seconds that the key lives. */
  readonly seconds: number;
  /** The newest that Redis had answered when this one was sent; null where it does not matter any more. */
  readonly behind: number | null;
}

/** Gives markers, each newer than the one before, and hears which of them Redis has answered. */
export interface MarkerSource {
  next(): WriteMarker;
  /**
   * @param before what stood in its key when it came, as Redis answered
   * @throws REDIS_EMPTIED when that is older than what was answered before
   */
  acknowledge(marker: WriteMarker, before: unknown): Promise<void>;
}
