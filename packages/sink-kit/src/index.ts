export type { SinkContext, SinkDefinition } from './definition.ts';
export type { ExamineAccount, ExamineOptions, ExamineStore, StoreAccount } from './examine.ts';
export { NOT_TAKEN, oneTableSchema, takesTable, type TakenTables } from './one-table.ts';
export { reconciliationOf, type Reconciliation } from './reconciliation.ts';
export type { PreviewTable, TablePreview } from './preview.ts';
export { runSink } from './run-sink.ts';
export type { StoreSpot, StoreSpots } from './store-spots.ts';
export { type StorePlace } from './first-contact.ts';
export { sinkBaseSchema, type SinkSettings } from './settings.ts';
export {
  winsTie,
  type Delivery,
  type GenerationStore,
  type OffsetStore,
  type Outcome,
  type Purpose,
  type Sink,
} from './sink.ts';
export { tombstoneLifeMs } from './tombstone-life.ts';
