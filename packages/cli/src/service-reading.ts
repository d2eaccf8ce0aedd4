import { bucketsOf, bucketsSince, parseMetrics, quantile, ratePerSecond, sumOf } from './metrics-scrape.ts';
import type { Sample } from './metrics-scrape.ts';

/** What one look at a service's metrics page gave. */
export interface Reading {
  /** Milliseconds of a monotonic clock. */
  readonly at: number;
  readonly samples: readonly Sample[];
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
  readonly deadLetters: number | undefined;
}

const SCRAPE_TIMEOUT_MS = 900;

/** Null when the service does not answer. */
export async function readMetrics(url: string): Promise<Reading | null> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(SCRAPE_TIMEOUT_MS) });
    return { at: performance.now(), samples: parseMetrics(await response.text()) };
  } catch {
    return null;
  }
}

/** `before` is a reading of some seconds ago; with none, rates are unknown. */
export function figuresOf(now: Reading, before: Reading | undefined): ServiceFigures {
  const { samples } = now;
  const records = sumOf(samples, 'cdc_records_processed_total');
  const earlier = before === undefined ? undefined : sumOf(before.samples, 'cdc_records_processed_total');
  const seconds = before === undefined ? 0 : (now.at - before.at) / 1000;
  const buckets = bucketsOf(samples, 'cdc_end_to_end_latency_seconds');
  const lately =
    before === undefined
      ? buckets
      : bucketsSince(buckets, bucketsOf(before.samples, 'cdc_end_to_end_latency_seconds'));
  return {
    state: stateOf(samples),
    records,
    perSecond:
      records === undefined || earlier === undefined ? undefined : ratePerSecond(records, earlier, seconds),
    lagSeconds: sumOf(samples, 'cdc_binlog_lag_seconds'),
    waiting: sumOf(samples, 'cdc_consumer_lag_records'),
    p50: quantile(0.5, lately),
    p99: quantile(0.99, lately),
    deadLetters: sumOf(samples, 'cdc_dlq_records_total'),
  };
}

function stateOf(samples: readonly Sample[]): string | undefined {
  const capture = samples.find((sample) => sample.name === 'cdc_capture_state' && sample.value === 1);
  if (capture !== undefined) return capture.labels['state'];
  const breaker = samples.find((sample) => sample.name === 'cdc_circuit_breaker_state' && sample.value === 1);
  if (breaker !== undefined && breaker.labels['state'] !== 'closed')
    return `breaker ${breaker.labels['state']}`;
  const paused = sumOf(samples, 'cdc_partitions_paused') ?? 0;
  if (paused > 0) return `${paused} paused`;
  return breaker === undefined ? undefined : 'running';
}
