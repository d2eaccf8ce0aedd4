/** What capture says of itself. */
export interface CaptureNow {
  /** `host:port` of the server that it reads. */
  readonly server: string;
  readonly isStreaming: boolean;
  /** Whether it has read all that there is. */
  readonly atTip: boolean;
  /** Transactions that it has read; null without GTIDs. */
  readonly gtidSet: string | null;
}

/** Capture, as the switchover asks and orders it. */
export interface CaptureControl {
  /** Throws an error of any kind while it does not answer. */
  now(): Promise<CaptureNow>;
  /** Has it read another of `source.hosts` from here on. Throws an error of any kind when it does not take the order. */
  move(address: string): Promise<void>;
  /** Resolves to the server of a heartbeat that is in Kafka then. Throws an error of any kind. */
  heartbeat(): Promise<string>;
}
