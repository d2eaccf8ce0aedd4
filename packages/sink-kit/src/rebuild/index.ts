export { fillingSink } from './filling-sink.ts';
export {
  isOverdue,
  phaseAfter,
  readRebuild,
  writeRebuild,
  type RebuildEvent,
  type RebuildPhase,
  type RebuildRecord,
} from './rebuild-record.ts';
export type { OpenRebuild, RebuiltSink, RebuiltTables, StoreRebuild } from './store-rebuild.ts';
