import type { MysqlServer } from '@sluice/local-stack';

export interface BinlogPlace {
  readonly file: string;
  readonly position: number;
}

export interface RawEventsTask {
  readonly kind: 'events';
  readonly server: MysqlServer;
  readonly serverId: number;
  /** The database whose rows are decoded. */
  readonly database: string;
  readonly from: BinlogPlace;
  readonly to: BinlogPlace;
  readonly decode: boolean;
}

export interface RawPublishTask {
  readonly kind: 'publish';
  readonly brokers: readonly string[];
  /** The topic to take ready records from. */
  readonly source: string;
  readonly topic: string;
  readonly partitions: number;
  readonly rows: number;
}

export type RawTask = RawEventsTask | RawPublishTask;

export interface RawResult {
  /** Rows decoded or published; 0 when they were not counted. */
  readonly rows: number;
  readonly seconds: number;
  readonly cpuMicros: number;
}
