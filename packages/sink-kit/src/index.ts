export type { SinkContext, SinkDefinition } from './definition.ts';
export type { ExamineOptions, ExamineStore } from './examine.ts';
export { reconciliationOf, type Reconciliation } from './reconciliation.ts';
export type { PreviewTable, TablePreview } from './preview.ts';
export { runSink } from './run-sink.ts';
export { type StorePlace } from './first-contact.ts';
export { sinkBaseSchema, type SinkSettings } from './settings.ts';
export type { Delivery, OffsetStore, Outcome, Purpose, Sink } from './sink.ts';
export { tombstoneLifeMs } from './tombstone-life.ts';
