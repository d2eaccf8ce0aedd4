export { describeSinkConformance, type SinkHarness, type SinkSubject } from './conformance.ts';
export {
  CONFORMANCE_DATABASE,
  CONFORMANCE_TABLE,
  conformanceColumns,
  conformanceTopic,
  itemRow,
  nullRow,
} from './conformance-table.ts';
export { inMemorySink, type InMemorySink } from './in-memory-sink.ts';
export { sequenceAt, TestTopic, type TestChange, type TestTopicOptions } from './test-topic.ts';
