export { byTable, originOf, type Origin } from './batch.ts';
export type { ColumnUpdate, SqlDialect, StateTable } from './dialect.ts';
export type { SqlDriver, SqlStore, SqlValue } from './driver.ts';
export { isNewer, RowGuards, type Guards } from './row-guards.ts';
export { SchemaBarrier, whileLocked } from './schema-barrier.ts';
export { SEQUENCE_COLUMN, toSequence } from './sequences.ts';
export { inTransaction, Sessions, type CommitWatcher } from './sessions.ts';
export { SnapshotBarrier } from './snapshot-barrier.ts';
export { StoredOffsets } from './stored-offsets.ts';
