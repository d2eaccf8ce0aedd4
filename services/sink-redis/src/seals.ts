/** A command that is sent behind a batch: when Redis has kept it, it has kept the batch. */
export interface Seal {
  readonly key: string;
  readonly value: string;
  /** Seconds that the key lives. */
  readonly seconds: number;
}

/** Gives seals, each newer than the one before, and hears which of them Redis has answered. */
export interface Seals {
  next(): Seal;
  acknowledge(seal: Seal): void;
}
