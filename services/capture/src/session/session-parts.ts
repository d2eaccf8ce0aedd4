import type { TableName } from '@sluice/envelope';
import type { TransactionalPublisher } from '@sluice/kafka';
import type { TableDescription } from '@sluice/mysql';
import type { Logger, Tracing } from '@sluice/runtime';
import type { KnownTopics } from '../catalog/known-topics.ts';
import type { SchemaHistory } from '../catalog/schema-history.ts';
import type { TableRegistry } from '../catalog/table-registry.ts';
import type { DdlJournal } from '../ddl/ddl-journal.ts';
import type { BinlogGaps } from '../preflight/binlog-gaps.ts';
import type { RefusedTable } from '../preflight/refused-tables.ts';
import type { CaptureSettings } from '../settings/capture-settings.ts';
import type { Source } from '../source/source.ts';
import type { SourceSwitch } from '../state/source-history.ts';
import type { StartPlan } from '../state/plan-start.ts';
import type { LostTables } from './lost-topics.ts';
import type { CaptureMetrics } from './metrics.ts';
import type { RefusalNews } from './refusal-news.ts';

/** What a start has found and opened for its session. */
export interface SessionParts {
  readonly settings: CaptureSettings;
  readonly source: Source;
  readonly publisher: TransactionalPublisher;
  readonly plan: StartPlan;
  /** Which servers were read, the present one last. */
  readonly sources: readonly SourceSwitch[];
  /** Tables whose topics are gone: `plan.snapshots` knows nothing of their first snapshot. */
  readonly lost: LostTables;
  readonly topics: KnownTopics;
  readonly journal: DdlJournal;
  readonly history: SchemaHistory;
  readonly registry: TableRegistry;
  readonly tables: readonly TableDescription[];
  /** Tables that cannot be captured as they are: not among `tables`. */
  readonly refused: readonly RefusedTable[];
  /** Tables that were captured before, and that the source does not show any more. */
  readonly absent: readonly TableName[];
  readonly refusals: RefusalNews;
  /** Changes that the source keeps out of its binlog. */
  readonly gaps: BinlogGaps;
  readonly metrics: CaptureMetrics;
  readonly tracing: Tracing | null;
  readonly log: Logger;
}
