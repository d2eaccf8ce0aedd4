export {
  discardDeadLetters,
  listDeadLetters,
  releaseRecord,
  REPLAYED_MAX,
  replayDeadLetters,
  type ListedDeadLetter,
  type Replayed,
  type ReplayAnswer,
  type ReplayOrder,
  type ReplayResult,
} from './dead-letters.ts';
export { handOver, showLeader, type Captures } from './captures.ts';
export { CAPTURE_METRICS } from './capture-metrics.ts';
export { OPERATIONS, type AnyOperation } from './all-operations.ts';
export { instanceOf, instanceRecord, type Instance } from './instance.ts';
export { LISTED_MAX } from './members.ts';
export { heapRoute, takeHeapSnapshot } from './heap.ts';
export { openApiDocument, openApiRoute } from './openapi.ts';
export { addressOf, type AnswerOf, type Operation, type OrderOf, type PathParams } from './operation.ts';
export { listPausedTables, resumeSinkTable, resumeTable, type HeldChange } from './paused-tables.ts';
export type { CapturePlan, ColumnOutline, PlannedTopic, TablePlan } from './plan.ts';
export { clearAlerts, listAlerts, listHistory, type SchemaChange } from './schema-changes.ts';
export { Refusal, routeOf } from './serve.ts';
export {
  JOB_ORDERS,
  JOB_STATES,
  listSnapshots,
  moveSnapshot,
  startSnapshots,
  startSqlSnapshots,
  throttleSnapshot,
  type JobOrder,
  type Snapshot,
  type SnapshotOrder,
  type SqlSnapshotOrder,
} from './snapshots.ts';
export {
  heartbeatOfSource,
  setSourceReadOnly,
  setSourceReadWrite,
  sourceHistory,
  switchSource,
  type SourceSwitch,
} from './sources.ts';
export { COMPARE_METRICS } from './compare-metrics.ts';
export { SINK_METRICS } from './sink-metrics.ts';
export {
  anyStatus,
  CAPTURE_STATES,
  captureStatus,
  health,
  sinkStatus,
  type CaptureStateName,
  type CaptureStatus,
  type Health,
  type PauseReason,
  type SinkPhase,
  type SinkStatus,
} from './status.ts';
