export {
  GENERATION_ID_HEADER,
  viewCheckpoint,
  type CheckpointView,
  type Generation,
} from './checkpoint-view.ts';
export { decodeEnvelope } from './decode.ts';
export {
  CAPTURE,
  deadLetterHeaders,
  isDeadLetterHeader,
  readDeadLetter,
  type Failure,
  type FailureStage,
  type ToldFailure,
} from './dead-letter.ts';
export {
  DDL_CLASSES,
  DDL_POLICIES,
  ddlRecordVersion,
  ddlSchema,
  decodeDdlRecord,
  type DdlClass,
  type DdlClearedRecord,
  type DdlStateRecord,
  type DdlPolicy,
  type DdlRecord,
} from './ddl-record.ts';
export type {
  ControlEnvelope,
  ControlType,
  Envelope,
  HeartbeatEnvelope,
  JsonValue,
  Metadata,
  Operation,
  Row,
  RowEnvelope,
  RowOperation,
  SchemaColumn,
  SchemaEnvelope,
  SnapshotEnvelope,
  Source,
  TableOutline,
  TruncateEnvelope,
} from './envelope.ts';
export { EnvelopeError, type EnvelopeErrorCode } from './errors.ts';
export { exactAfter, exactElements, exactMember, memberNames } from './exact-text.ts';
export { parseTableId, tableArgument, tableId, tableIdOf, toTableId, type TableName } from './table-name.ts';
export { tablePattern } from './table-pattern.ts';
export { controlKey, isControlKey, keyColumnsText, parseKey, recordKey } from './keys.ts';
export { envelopeJsonSchema, envelopeSchema } from './schema.ts';
export {
  compareSequence,
  FILE_MAX,
  formatSequence,
  GENERATION_MAX,
  isSequence,
  OFFSET_MAX,
  parseSequence,
  type SequenceFields,
  type Sequence,
} from './sequence.ts';
export {
  auditTopic,
  checkpointsTopic,
  ddlTopic,
  decisionsTopic,
  deadLetterTopic,
  heartbeatTopic,
  instancesTopic,
  schemaHistoryTopic,
} from './topics.ts';
export {
  operationTopic,
  TopicRouting,
  type TableGuess,
  type TopicSettings,
  type TopicStrategy,
} from './topic-routing.ts';
export { isTraceparent, TRACEPARENT_HEADER, TRACEPARENT_LENGTH } from './traceparent.ts';
