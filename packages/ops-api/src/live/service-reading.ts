import { CallFailed, look, type Call } from '../client.ts';
import type { AnswerOf } from '../operation.ts';
import { captureStatus, sinkStatus } from '../status.ts';

type Status = AnswerOf<typeof captureStatus> | AnswerOf<typeof sinkStatus>;

/** What one look at a service's status page gave. */
export interface Reading {
  /** Milliseconds of a monotonic clock. */
  readonly at: number;
  readonly status: Status;
}

/** What the live view shows of a service; undefined where it has not said. */
export interface ServiceFigures {
  readonly state: string | undefined;
  /** Records handled since its start, and per second lately. */
  readonly records: number | undefined;
  readonly perSecond: number | undefined;
  /** Seconds behind the source (capture). */
  readonly lagSeconds: number | undefined;
  /** Records not applied yet (sinks). */
  readonly waiting: number | undefined;
  /** From commit at the source to the sink's answer, lately, in seconds. */
  readonly p50: number | undefined;
  readonly p99: number | undefined;
  /** Letters that nobody has resolved. */
  readonly deadLetters: number | undefined;
}

const TIMEOUT_MS = 900;

/** Null when the service does not answer, or not to us. */
export async function readStatus(name: string, call: Call): Promise<Reading | null> {
  const service = { ...call, timeoutMs: TIMEOUT_MS };
  try {
    const status = await (name === 'capture' ? look(service, captureStatus) : look(service, sinkStatus));
    return { at: performance.now(), status };
  } catch (error) {
    if (error instanceof CallFailed) return null;
    throw error;
  }
}

/** `before` is a reading of some seconds ago, of the same process; with none, the rate is unknown. */
export function figuresOf(now: Reading, before: Reading | undefined): ServiceFigures {
  const { status } = now;
  const records = recordsOf(status);
  const earlier = before === undefined ? undefined : recordsOf(before.status);
  const seconds = before === undefined ? 0 : (now.at - before.at) / 1000;
  const latency = 'latencyMs' in status ? (status.latencyMs ?? undefined) : undefined;
  const isRateKnown = records !== undefined && earlier !== undefined && seconds > 0;
  return {
    state: stateOf(status),
    records,
    perSecond: isRateKnown ? (records - earlier) / seconds : undefined,
    lagSeconds: 'behindSeconds' in status ? (status.behindSeconds ?? undefined) : undefined,
    waiting: 'lag' in status ? (status.lag?.records ?? undefined) : undefined,
    p50: latency === undefined ? undefined : latency.p50 / 1000,
    p99: latency === undefined ? undefined : latency.p99 / 1000,
    deadLetters: status.records?.openDeadLetters ?? undefined,
  };
}

function recordsOf({ records }: Status): number | undefined {
  if (records === undefined) return undefined;
  return 'handled' in records ? records.handled : records.published;
}

function stateOf(status: Status): string | undefined {
  if ('state' in status) return status.state;
  if (!('phase' in status)) return undefined;
  const { breaker, paused, phase } = status;
  if (breaker !== undefined && breaker !== 'closed') return `breaker ${breaker}`;
  if (paused !== undefined && paused.length > 0) return `${paused.length} paused`;
  return phase;
}
