import type { HealthReport, PipelineError } from '@sluice/runtime';
import type { BreakerState } from './breaker.ts';
import type { IncompleteTopic } from './incomplete.ts';
import type { LatencyWindow } from './latency-window.ts';
import type { Pause } from './pauses.ts';

export interface PartitionLag {
  readonly topic: string;
  readonly partition: number;
  readonly records: number;
}

/** `waiting`: no topic of the prefix exists yet. */
export type SinkPhase = 'opening' | 'waiting' | 'joining' | 'running' | 'stopping';

/** What is known of the service at this moment; written by its parts, read by `/health` and `/status`. */
export interface SinkState {
  phase: SinkPhase;
  /** Why the store's last `ping` failed; null while it answers. */
  storeError: string | null;
  breaker: BreakerState;
  lastError: { readonly at: string; readonly code: string; readonly message: string } | null;
  lag: readonly PartitionLag[];
  heartbeat: { readonly sourceMs: number; readonly seenMs: number } | null;
  handledRecords: number;
  /** Written by this process. */
  deadLetters: number;
  /** Of the sink, that nobody has resolved. */
  openDeadLetters: number;
}

export function newState(): SinkState {
  return {
    phase: 'opening',
    storeError: null,
    breaker: 'closed',
    lastError: null,
    lag: [],
    heartbeat: null,
    handledRecords: 0,
    deadLetters: 0,
    openDeadLetters: 0,
  };
}

export function rememberError(state: SinkState, { code, message }: PipelineError): void {
  state.lastError = { at: new Date().toISOString(), code, message };
}

/** Ready: the store answers and records flow, or would if there were a topic. Never "not live" because a store is down. */
export function healthOf(
  state: SinkState,
  pauses: readonly Pause[],
  incomplete: readonly IncompleteTopic[],
): HealthReport {
  const flowing = state.phase === 'running' || state.phase === 'waiting';
  const schema = pauses.filter(({ reason }) => reason === 'schema').length;
  const ddl = pauses.filter(({ reason }) => reason === 'ddl').length;
  const strict = pauses.filter(({ reason }) => reason === 'strict').length;
  return {
    ready: flowing && state.storeError === null && state.breaker !== 'open',
    components: {
      store: state.storeError === null ? { status: 'ok' } : { status: 'down', detail: state.storeError },
      consumer: { status: flowing ? 'ok' : 'degraded', detail: state.phase },
      breaker: { status: state.breaker === 'closed' ? 'ok' : 'degraded', detail: state.breaker },
      tables:
        incomplete.length === 0
          ? { status: 'ok' }
          : {
              status: 'degraded',
              detail: `rows of ${incomplete.length} topic(s) are missing until a snapshot brings them: see \`incomplete\` in /status`,
            },
      partitions:
        pauses.length === 0
          ? { status: 'ok' }
          : {
              status: 'degraded',
              detail: `${pauses.length} paused, ${schema} of them for their table's schema, ${strict} at a record of a strict table, ${ddl} at a change that waits for an operator`,
            },
    },
  };
}

/** Body of `/status`. */
export function statusOf(
  name: string,
  group: string,
  state: SinkState,
  pauses: readonly Pause[],
  latency: LatencyWindow,
  nowMs: number,
): Record<string, unknown> {
  return {
    sink: name,
    group,
    phase: state.phase,
    breaker: state.breaker,
    records: {
      handled: state.handledRecords,
      deadLetters: state.deadLetters,
      openDeadLetters: state.openDeadLetters,
    },
    latencyMs: latency.quantiles(nowMs),
    heartbeat: state.heartbeat,
    lag: { records: state.lag.reduce((sum, { records }) => sum + records, 0), partitions: state.lag },
    paused: pauses,
    lastError: state.lastError,
  };
}
