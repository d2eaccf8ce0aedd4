/** A command that is sent behind a batch: when Redis has kept it, it has kept the batch. */
export interface WriteMarker {
  readonly key: string;
  readonly value: string;
  /** Seconds that the key lives. */
  readonly seconds: number;
}

/** Gives markers, each newer than the one before, and hears which of them Redis has answered. */
export interface MarkerSource {
  next(): WriteMarker;
  acknowledge(marker: WriteMarker): void;
}
