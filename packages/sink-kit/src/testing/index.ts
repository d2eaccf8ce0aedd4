export { Bench, type SinkSubject } from './bench.ts';
export { describeSinkConformance, type SinkHarness } from './conformance.ts';
export {
  CONFORMANCE_DATABASE,
  CONFORMANCE_TABLE,
  conformanceColumns,
  conformanceTopic,
  itemRow,
  nullRow,
} from './conformance-table.ts';
export { inMemorySink, type InMemorySink } from './in-memory-sink.ts';
export {
  sequenceAt,
  TestTopic,
  type SnapshotMark,
  type TestChange,
  type TestTopicOptions,
} from './test-topic.ts';
export { asTheKitCuts, convergence, RUNS, SEED } from './convergence.ts';
export { deliverySteps, routes, type Journey, type Route } from './delivery-plan.ts';
