export { aboutProcess } from './about-process.ts';
export { olderNodeReady } from './older-node.ts';
export { fileLines, fileSum } from './file-lines.ts';
export { fullJitter, type BackoffOptions } from './backoff.ts';
export { abortableDelay, settlesWithin, whenAborted } from './delay.ts';
export {
  defineErrors,
  ERRORS,
  errorCodes,
  errorEntry,
  PipelineError,
  type DefinedCode,
  type ErrorClass,
  type ErrorCode,
  type ErrorEntry,
  type PipelineErrorOptions,
} from './errors.ts';
export { EXIT, exitCodeOf, type ExitCode } from './exit.ts';
export { environmentVariable } from './config/environment.ts';
export { aheadOfUsMs, clockProblem } from './clock-skew.ts';
export { isForeign } from './config/foreign-secrets.ts';
export { loadedConfig, type LoadedConfig } from './config/loaded-config.ts';
export { configPath, loadConfig, parseConfig, sinkSections, type Environment } from './config/load.ts';
export { formatPath, type ConfigProblem } from './config/problems.ts';
export type { PathPart } from './config/shape.ts';
export {
  deriveServerId,
  logSchema,
  MYSQL_WITHOUT_TLS,
  sluiceSchema,
  type KafkaConfig,
  type LogConfig,
  type OpsConfig,
  type SluiceConfig,
  type SourceConfig,
  type SourceHost,
  type TablesConfig,
  type TopicsConfig,
} from './config/schema.ts';
export { tlsSchema, type ClientTls, type TlsSetting } from './config/tls-schema.ts';
export { readClientTls, type TlsFiles } from './client-tls.ts';
export { isTlsFailureCode } from './tls-failure.ts';
export { tlsFailureAt } from './tls-probe.ts';
export { READ_ANEW } from './config/sasl-schema.ts';
export { opsSchemaFor } from './config/ops-schema.ts';
export { opsOf, parseSection } from './config/section.ts';
export { tablePattern as tablePatternSchema } from './config/tables-schema.ts';
export { ownNameOf, sinkTypeOf } from './config/sink-type.ts';
export { loginRefused, loginTaken, readSecret, secretText, type Secret } from './config/secret-text.ts';
export { redactedConfig } from './config/secrets.ts';
export {
  HASH_KEYS,
  isKeyRing,
  keyFileError,
  keyId,
  parseKeyRing,
  readKeyFile,
  SEAL_KEYS,
  withNewKey,
  type KeyUse,
} from './key-ring.ts';
export {
  HEALTH_STATUSES,
  rollUp,
  type ComponentHealth,
  type HealthReport,
  type HealthStatus,
} from './health.ts';
export {
  runService,
  type BuildService,
  type RunningService,
  type ServiceContext,
  type ServiceHost,
} from './lifecycle.ts';
export { memoryLimitBytes } from './memory-limit.ts';
export { createLogger, describeError, wordsOf, type Logger } from './log.ts';
export {
  Counter,
  createMetrics,
  declareCounter,
  declareErrors,
  declareGauge,
  declareHistogram,
  Gauge,
  Histogram,
  Registry,
  type Metrics,
} from './metrics.ts';
export type { AnyMetricSpec, CounterSpec, GaugeSpec, HistogramSpec } from './metric-spec.ts';
export { POOL_METRICS, SERVICE_METRICS } from './service-metrics.ts';
export { SERVICE_NODE_OPTIONS } from './node-options.ts';
export { preflightFailed, type PreflightProblem } from './preflight.ts';
export { OperatorNeed, type Need } from './operator-need.ts';
export { isLoopback, type OpsRole } from './ops-access.ts';
export { headersOf, MEANT_HEADERS, type Meant } from './ops-meant.ts';
export { shownOrder, type AuditEntry, type AuditLog } from './ops-audit.ts';
export type { OpsRequest, OpsResponse, OpsRoute } from './ops-routes.ts';
export {
  startMetricsServer,
  startOpsServers,
  type OpsServers,
  type OpsServersOptions,
} from './ops-servers.ts';
export { RecentRates } from './recent-rates.ts';
export { printable, printableJson, printableLine } from './printable.ts';
export { refuseNewer } from './record-version.ts';
export { Troubles, type Trouble } from './troubles.ts';
export type { EndedSpan, Tracing } from './tracing/spans.ts';
export { VERSION } from './version.ts';
