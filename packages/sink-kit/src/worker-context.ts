import type { Sequence, TopicRouting } from '@sluice/envelope';
import type { RecordSeals, TopicPartition } from '@sluice/kafka';
import type { Logger, PipelineError, Tracing } from '@sluice/runtime';
import type { Breaker } from './breaker.ts';
import type { DeadLetterSource } from './dead-letter-record.ts';
import type { HeldTables } from './held-tables.ts';
import type { HaltPlace } from './dead-letters/dead-letter-manager.ts';
import type { DeadLetterRateGuard } from './dead-letter-rate.ts';
import type { Incomplete } from './incomplete.ts';
import type { LatencyWindow } from './latency-window.ts';
import type { DeadLetterLog } from './dead-letter-log.ts';
import type { SinkMetrics } from './metrics.ts';
import type { PublishedBound } from './published-bound.ts';
import type { SchemaAhead } from './schema-ahead.ts';
import type { SinkSettings } from './settings.ts';
import type { Sink } from './sink.ts';
import type { SkippedTables } from './skipped-tables.ts';
import type { SinkState } from './status.ts';
import type { TableSelection } from './table-selection.ts';
import type { TopicsTaken } from './topics-taken.ts';

/** What the workers of one sink share. */
export interface WorkerContext {
  readonly name: string;
  readonly prefix: string;
  /** From tables to topics. */
  readonly routing: TopicRouting;
  /** Null without `kafka.sealKeyFile`. */
  readonly seals: RecordSeals | null;
  readonly group: string;
  readonly sink: Sink;
  readonly settings: SinkSettings;
  /** Which tables and operations the sink takes. */
  readonly selection: TableSelection;
  readonly topicsTaken: Pick<TopicsTaken, 'look'>;
  /** What it has passed over. */
  readonly skipped: SkippedTables;
  readonly breaker: Breaker;
  readonly deadLetterRate: DeadLetterRateGuard;
  readonly metrics: SinkMetrics;
  readonly latency: LatencyWindow;
  /** Where spans go; null where nobody asks for them. */
  readonly tracing: Tracing | null;
  /**
   * False: this record of a strict table has to wait for an operator.
   * @param key the record key's text; null where there is none
   */
  readonly maySendDeadLetter: (where: HaltPlace, key: string | null) => boolean;
  /** Changes of tables that wait for an operator. */
  readonly held: HeldTables;
  /** Why no record of this topic is applied now, by the word of an operator; null: it is. */
  readonly pausedBy: (topic: string) => string | null;
  /** What the store lacks because it was deleted before this sink could read it. */
  readonly incomplete: Incomplete;
  /** What capture has published, by its checkpoints. */
  readonly published: Pick<PublishedBound, 'isWithin' | 'isAhead' | 'look' | 'refusal' | 'forget'>;
  readonly schemaAhead: Pick<SchemaAhead, 'find'>;
  /** Resolves to the error to stop with, when it is stored that this sink has stopped. */
  readonly halt: (where: HaltPlace, cause: PipelineError) => Promise<PipelineError>;
  /** Resolves when the broker has acknowledged the dead letter. */
  readonly sendDeadLetter: (source: DeadLetterSource) => Promise<void>;
  readonly deadLetterLog: DeadLetterLog;
  /** Record keys of a partition whose changes of `since` or later have become dead letters, here or in capture; in pages. */
  readonly refusedKeys: (where: TopicPartition, since: Sequence) => AsyncIterable<readonly string[]>;
  readonly state: SinkState;
  /** Aborts when the service stops: no wait outlives it. */
  readonly stopping: AbortSignal;
  readonly log: Logger;
  readonly now: () => number;
}
