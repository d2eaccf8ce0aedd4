import { CAPTURE, DDL_CLASSES } from '@sluice/envelope';
import { CAPTURE_METRICS, CAPTURE_STATES, JOB_STATES } from '@sluice/ops-api';
import {
  declareCounter,
  declareErrors,
  declareGauge,
  declareHistogram,
  errorCodes,
  SERVICE_METRICS,
  type Registry,
} from '@sluice/runtime';
import { SKIP_REASONS } from '../stream/skipped-rows.ts';

export const SERVICE = 'capture';
export const QUEUE = { stage: 'binlog' };
const SPEC = CAPTURE_METRICS;
/** Whose clock is compared with this machine's. */
export const CLOCKS = ['source', 'broker'] as const;
const STAGES = ['receive', 'decode', 'publish'] as const;
export type Stage = (typeof STAGES)[number];

/** What is so at this moment. */
export function declareGauges(registry: Registry, source: string) {
  const own = [{ source }];
  return {
    state: declareGauge(
      registry,
      SPEC.state,
      CAPTURE_STATES.map((state) => ({ source, state })),
    ),
    leader: declareGauge(registry, SPEC.leader, own),
    connected: declareGauge(registry, SPEC.connected, own),
    generation: declareGauge(registry, SPEC.generation, own),
    lag: declareGauge(registry, SPEC.lag, own),
    position: declareGauge(registry, SPEC.position, own),
    file: declareGauge(registry, SPEC.file, own),
    lagBytes: declareGauge(registry, SPEC.lagBytes, own),
    headroom: declareGauge(registry, SPEC.headroom, own),
    headroomKnown: declareGauge(registry, SPEC.headroomKnown, own),
    clockSkew: declareGauge(
      registry,
      SPEC.clockSkew,
      CLOCKS.map((against) => ({ source, against })),
    ),
    lastEvent: declareGauge(registry, SPEC.lastEvent, own),
    checkpointAt: declareGauge(registry, SPEC.checkpointAt, own),
    ddlAlerts: declareGauge(registry, SPEC.ddlAlerts, own),
    refusedTables: declareGauge(registry, SPEC.refusedTables, own),
    stoppedTables: declareGauge(registry, SPEC.stoppedTables, own),
    snapshotTables: declareGauge(
      registry,
      SPEC.snapshotTables,
      JOB_STATES.map((state) => ({ source, state })),
    ),
    deadLetters: declareGauge(registry, SERVICE_METRICS.openDeadLetters, [{ sink: CAPTURE }]),
    queueBytes: declareGauge(registry, SPEC.queueBytes, [QUEUE]),
    queueItems: declareGauge(registry, SPEC.queueItems, [QUEUE]),
    queueCapacity: declareGauge(registry, SPEC.queueCapacity, [QUEUE]),
  };
}

/** What is counted since the process began. */
export function declareCounters(registry: Registry, source: string) {
  const ends = errorCodes('retryable', 'fatal').map((reason) => ({ source, reason }));
  const ofKafka = ends.filter(({ reason }) => reason.startsWith('KAFKA_'));
  return {
    events: declareCounter(registry, SPEC.events),
    skipped: declareCounter(
      registry,
      SPEC.skipped,
      SKIP_REASONS.map((reason) => ({ source, reason })),
    ),
    takeovers: declareCounter(registry, SPEC.takeovers, [{ source }]),
    transactions: declareCounter(registry, SPEC.transactions, [{ source }]),
    disconnects: declareCounter(registry, SPEC.disconnects, ends),
    errors: declareErrors(registry, SERVICE),
    processed: declareCounter(registry, SERVICE_METRICS.processed, [{ service: SERVICE }]),
    snapshotRows: declareCounter(registry, SPEC.snapshotRows, [{ source }]),
    ddl: declareCounter(
      registry,
      SPEC.ddl,
      DDL_CLASSES.map((kind) => ({ source, class: kind })),
    ),
    produced: declareCounter(registry, SPEC.produced),
    produceErrors: declareCounter(
      registry,
      SPEC.produceErrors,
      ofKafka.map(({ reason }) => ({ reason })),
    ),
    oversize: declareCounter(registry, SPEC.oversize),
    publishSeconds: declareHistogram(registry, SPEC.publishSeconds),
    stageLatency: declareHistogram(
      registry,
      SERVICE_METRICS.stageLatency,
      STAGES.map((stage) => ({ service: SERVICE, stage })),
    ),
  };
}
