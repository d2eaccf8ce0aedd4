import type { KafkaOutage } from '@sluice/kafka';
import type { CaptureStateName } from '@sluice/ops-api';
import type { ComponentHealth, HealthReport, Trouble } from '@sluice/runtime';
import type { RefusedTable } from '../preflight/refused-tables.ts';
import { isStreaming } from '../session/capture-state.ts';
import type { DeadLetterCount } from '../session/open-dead-letters.ts';

/** Nothing has moved for so long (ms): whatever it is, the stream is not well. Far above a round of the loop. */
const STANDS_MS = 7000;
/** A quiet source gives a sign once per heartbeat. */
const STANDS_HEARTBEATS = 3;
/** Kafka has not done what it was asked for so long (ms): no short election of a leader. */
const STUCK_MS = 5000;

/** So many tables are named in a line. */
const NAMED_MAX = 3;

/** What capture knows of itself at this moment. */
export interface CaptureCondition {
  readonly state: CaptureStateName;
  /** Of the publishing under way. */
  readonly kafka: KafkaOutage | null;
  /** Milliseconds that nothing of the stream has moved for. */
  readonly standsForMs: number;
  /** `source.heartbeatIntervalMs`. */
  readonly heartbeatMs: number;
  /** Errors that stand, of Kafka and of all else. */
  readonly kafkaError: Trouble | null;
  readonly streamError: Trouble | null;
  /** Alerts about changed tables that nobody has cleared. */
  readonly alerts: number;
  /** That changes of the source are not in its binlog; null when nothing is known of it. */
  readonly sourceGap: string | null;
  /** Tables that are not captured. */
  readonly refused: readonly Pick<RefusedTable, 'id' | 'code'>[];
  /** Tables that wait for an operator. */
  readonly stopped: number;
  /** Rows that are in no topic. */
  readonly letters: DeadLetterCount;
}

/** Kafka or the loop itself holds up every table: then nothing else is worth the word "ready". */
export function isStuck(condition: CaptureCondition): boolean {
  const { kafka } = condition;
  return (kafka !== null && kafka.forMs >= STUCK_MS) || stands(condition);
}

function stands({ standsForMs, heartbeatMs }: CaptureCondition): boolean {
  return standsForMs >= Math.max(STANDS_MS, STANDS_HEARTBEATS * heartbeatMs);
}

export function captureHealth(condition: CaptureCondition): HealthReport {
  const { state, alerts, sourceGap, letters } = condition;
  return {
    ready: (isStreaming(state) && !isStuck(condition)) || standsReady(condition),
    state,
    components: {
      stream: streamHealth(condition),
      kafka: kafkaHealth(condition),
      source: sourceGap === null ? { status: 'ok' } : { status: 'degraded', detail: sourceGap },
      ddl: countHealth(
        alerts,
        `${alerts} unacknowledged DDL ${alerts === 1 ? 'alert' : 'alerts'}: see sluice ddl alerts`,
      ),
      tables: tablesHealth(condition),
      rows: rowsHealth(letters),
    },
  };
}

/** A standby is as ready as it can be while it could take over. */
function standsReady({ state, streamError, kafkaError }: CaptureCondition): boolean {
  return state === 'standby' && streamError === null && kafkaError === null;
}

function streamHealth(condition: CaptureCondition): ComponentHealth {
  const { state, streamError, standsForMs } = condition;
  if (standsReady(condition)) return { status: 'ok', detail: 'standby: another capture streams' };
  if (!isStreaming(state)) return { status: 'degraded', detail: streamError?.message ?? state };
  if (!stands(condition)) return { status: 'ok' };
  return { status: 'down', detail: `no progress for ${Math.round(standsForMs / 1000)} s` };
}

function kafkaHealth(condition: CaptureCondition): ComponentHealth {
  const { state, kafka, kafkaError } = condition;
  if (kafka !== null) {
    const { error, forMs } = kafka;
    return {
      status: forMs >= STUCK_MS ? 'down' : 'degraded',
      detail: `${error.code}: ${error.message}`,
    };
  }
  if (isStreaming(state)) return { status: 'ok' };
  if (kafkaError !== null) return { status: 'down', detail: `${kafkaError.code}: ${kafkaError.message}` };
  if (state === 'standby') return { status: 'ok' };
  return { status: 'degraded', detail: 'not in use yet' };
}

function tablesHealth({ refused, stopped }: CaptureCondition): ComponentHealth {
  const parts = [
    ...(refused.length > 0 ? [notCaptured(refused)] : []),
    ...(stopped > 0 ? [`${stopped} paused until sluice table resume: see /status`] : []),
  ];
  return countHealth(parts.length, parts.join('; '));
}

/** The first few by name; why, and the fix of each, is in the log, in `/status` and in what `sluice plan` warns of. */
function notCaptured(refused: CaptureCondition['refused']): string {
  const named = refused.slice(0, NAMED_MAX).map(({ id, code }) => `${id} (${code})`);
  const more = refused.length > named.length ? ` and ${refused.length - named.length} more` : '';
  return `${refused.length} not captured: ${named.join(', ')}${more}: see sluice plan`;
}

function rowsHealth({ open, trouble }: DeadLetterCount): ComponentHealth {
  if (trouble !== null) return { status: 'degraded', detail: `${trouble.code}: ${trouble.message}` };
  if (open === null) return { status: 'degraded', detail: 'dead letters not counted yet' };
  return countHealth(
    open,
    `${open} too large for Kafka, missing in all sinks: see sluice dlq list --sink capture`,
  );
}

function countHealth(count: number, detail: string): ComponentHealth {
  return count === 0 ? { status: 'ok' } : { status: 'degraded', detail };
}
