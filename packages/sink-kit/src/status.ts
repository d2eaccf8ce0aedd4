import type { KafkaOutage } from '@sluice/kafka';
import type { PauseReason, SinkPhase, SinkStatus } from '@sluice/ops-api';
import {
  aboutProcess,
  Troubles,
  type ComponentHealth,
  type HealthReport,
  type LoadedConfig,
  type RecentRates,
} from '@sluice/runtime';
import type { BreakerState } from './breaker.ts';
import { fixOf, type IncompleteTopic } from './incomplete.ts';
import type { LatencyWindow } from './latency-window.ts';
import type { Pause } from './pauses.ts';

/** Kafka has not done what it was asked for so long (ms): no rebalance of the group. */
const STUCK_MS = 5000;

/** So many tables are named in a line. */
const SHOWN_MAX = 10;

export interface PartitionLag {
  readonly topic: string;
  readonly partition: number;
  readonly records: number;
}

/** What is known of the service at this moment; written by its parts, read by `/health` and `/status`. */
export interface SinkState {
  phase: SinkPhase;
  /** Why the store's last `ping` failed; null while it answers. */
  storeError: string | null;
  /** What the store has no more of all that this process has written to; null when it has. */
  tablesError: string | null;
  breaker: BreakerState;
  /** What keeps the records from coming. */
  kafka: KafkaOutage | null;
  /** Why no table is left for this sink; null while one is. */
  selectionProblem: string | null;
  /** Members of the consumer group that are none of this pipeline's. */
  strangers: readonly string[];
  /** What operators have paused: `database.table`, or `*` for all of the sink. */
  operatorPauses: readonly string[];
  /** By what they are about: `kafka`, `store`, `service`, or a partition's name. */
  readonly troubles: Troubles;
  /** Null while it is not known. */
  lag: readonly PartitionLag[] | null;
  heartbeat: { readonly sourceMs: number; readonly seenMs: number } | null;
  handledRecords: number;
  /** That the settings do not take. */
  skippedRecords: number;
  /** Written by this process. */
  deadLetters: number;
  /** Of the sink, that nobody has resolved; null until they have been read. */
  openDeadLetters: number | null;
}

export function newState(): SinkState {
  return {
    phase: 'opening',
    storeError: null,
    tablesError: null,
    breaker: 'closed',
    kafka: null,
    selectionProblem: null,
    strangers: [],
    operatorPauses: [],
    troubles: new Troubles(),
    lag: null,
    heartbeat: null,
    handledRecords: 0,
    skippedRecords: 0,
    deadLetters: 0,
    openDeadLetters: null,
  };
}

/** Ready: the store answers and records flow, or would if there were a topic. Never "not live" because a store is down. */
export function healthOf(
  state: SinkState,
  pauses: readonly Pause[],
  incomplete: readonly IncompleteTopic[],
): HealthReport {
  const flowing = isFlowing(state);
  return {
    ready: flowing && state.storeError === null && state.breaker !== 'open',
    components: {
      store: state.storeError === null ? { status: 'ok' } : { status: 'down', detail: state.storeError },
      consumer: consumerHealth(state),
      breaker: { status: state.breaker === 'closed' ? 'ok' : 'degraded', detail: state.breaker },
      tables: tablesHealth(state, incomplete),
      partitions: partitionsHealth(state, pauses),
    },
  };
}

function partitionsHealth({ operatorPauses }: SinkState, pauses: readonly Pause[]): ComponentHealth {
  const byOperator =
    operatorPauses.length === 0 ? [] : [`paused by an operator: ${operatorPauses.join(', ')}`];
  const waiting = pauses.length === 0 ? [] : [shownPauses(pauses)];
  const detail = [...byOperator, ...waiting].join('; ');
  return detail === '' ? { status: 'ok' } : { status: 'degraded', detail };
}

function tablesHealth(
  { tablesError, selectionProblem }: SinkState,
  incomplete: readonly IncompleteTopic[],
): ComponentHealth {
  const problem = tablesError ?? selectionProblem;
  if (problem !== null) return { status: 'degraded', detail: problem };
  if (incomplete.length === 0) return { status: 'ok' };
  const shown = incomplete.slice(0, SHOWN_MAX).map(({ table }) => table);
  const more = incomplete.length - shown.length;
  const others = more === 0 ? '' : `; ${more} more: see \`incomplete\` in /status`;
  const detail = `rows of ${incomplete.length} topic(s) are missing until a snapshot publishes them again. ${fixOf(shown)}${others}`;
  return { status: 'degraded', detail };
}

function isFlowing({ phase, kafka }: SinkState): boolean {
  return (phase === 'running' || phase === 'waiting') && (kafka === null || kafka.forMs < STUCK_MS);
}

function consumerHealth(state: SinkState): ComponentHealth {
  const { phase, kafka, strangers } = state;
  if (kafka !== null) {
    const { error, forMs } = kafka;
    const detail = `${error.code}: ${error.message}`;
    return { status: forMs >= STUCK_MS ? 'down' : 'degraded', detail };
  }
  if (!isFlowing(state)) return { status: 'degraded', detail: phase };
  if (strangers.length === 0) return { status: 'ok', detail: phase };
  const detail = `the consumer group has members that are not Sluice, and this sink does not get the records they read: ${strangers.join(', ')}`;
  return { status: 'degraded', detail };
}

function shownPauses(pauses: readonly Pause[]): string {
  const count = (wanted: PauseReason): number => pauses.filter(({ reason }) => reason === wanted).length;
  return `${pauses.length} paused, ${count('schema')} by the schema of a table, ${count('strict')} at a record of a strict table, ${count('ddl')} at a DDL change that an operator must release`;
}

export interface SinkIdentity {
  readonly pipeline: string;
  readonly sink: string;
  readonly group: string;
  readonly config: LoadedConfig;
}

/** What was measured within the last minutes. */
interface Lately {
  readonly latency: LatencyWindow;
  readonly rates: RecentRates;
}

/** Body of `/status`. */
export function statusOf(
  identity: SinkIdentity,
  state: SinkState,
  pauses: readonly Pause[],
  incomplete: readonly IncompleteTopic[],
  { latency, rates }: Lately,
  nowMs: number,
): SinkStatus {
  const { lag } = state;
  return {
    ...aboutProcess(),
    service: `sink-${identity.sink}`,
    ...identity,
    phase: isFlowing(state) || state.phase !== 'running' ? state.phase : 'stuck',
    breaker: state.breaker,
    records: {
      handled: state.handledRecords,
      skipped: state.skippedRecords,
      deadLetters: state.deadLetters,
      openDeadLetters: state.openDeadLetters,
    },
    cdc: { applyTPS: rates.perSecond, errorRate: rates.errorRate },
    latencyMs: latency.quantiles(nowMs),
    heartbeat: state.heartbeat,
    lag: {
      records: lag === null ? null : lag.reduce((sum, { records }) => sum + records, 0),
      partitions: lag ?? [],
    },
    strangers: state.strangers,
    paused: pauses,
    pausedByOperator: state.operatorPauses,
    incomplete,
    lastError: state.troubles.lastError,
  };
}
