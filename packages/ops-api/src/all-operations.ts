import type { z } from 'zod';
import { handOver, showLeader } from './captures.ts';
import { discardDeadLetters, listDeadLetters, releaseRecord, replayDeadLetters } from './dead-letters.ts';
import type { Operation } from './operation.ts';
import { listPausedTables, resumeSinkTable, resumeTable } from './paused-tables.ts';
import { clearAlerts, listAlerts, listHistory } from './schema-changes.ts';
import { takeHeapSnapshot } from './heap.ts';
import {
  JOB_ORDERS,
  listSnapshots,
  moveSnapshot,
  startSnapshots,
  startSqlSnapshots,
  throttleSnapshot,
} from './snapshots.ts';
import {
  heartbeatOfSource,
  setSourceReadOnly,
  setSourceReadWrite,
  sourceHistory,
  switchSource,
} from './sources.ts';
import { captureStatus, health, sinkStatus } from './status.ts';

/** What is known of an operation without its types. */
export type AnyOperation = Pick<
  Operation<unknown, unknown, unknown, unknown>,
  'method' | 'path' | 'aliases' | 'role' | 'success' | 'summary' | 'bodyless'
> & { readonly request: z.ZodType; readonly answer: z.ZodType };

/** Every operation of each kind of service; `status` and `health` come with any service. */
export const OPERATIONS: Readonly<Record<'capture' | 'sink', readonly AnyOperation[]>> = {
  capture: [
    health,
    captureStatus,
    showLeader,
    handOver,
    sourceHistory,
    switchSource,
    heartbeatOfSource,
    setSourceReadOnly,
    setSourceReadWrite,
    listSnapshots,
    startSnapshots,
    startSqlSnapshots,
    ...JOB_ORDERS.map((order) => moveSnapshot(order)),
    throttleSnapshot,
    listAlerts,
    listHistory,
    clearAlerts,
    resumeTable,
    takeHeapSnapshot,
  ],
  sink: [
    health,
    sinkStatus,
    listDeadLetters,
    replayDeadLetters,
    discardDeadLetters,
    releaseRecord,
    listPausedTables,
    resumeSinkTable,
    takeHeapSnapshot,
  ],
};
