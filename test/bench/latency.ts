import { setTimeout as delay } from 'node:timers/promises';
import { eventually } from '../harness/eventually.ts';
import type { SourceDatabase } from '../harness/pipelines/source-database.ts';
import type { BenchPipeline } from './bench-pipeline.ts';
import { insertOne } from './orders-table.ts';
import { UsageSampler } from '../harness/processes/process-usage.ts';
import { quantile } from './statistics.ts';
import { TailReader } from './tail-reader.ts';

export interface Latency {
  readonly transactionsPerSecond: number;
  readonly p50Ms: number;
  readonly p95Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
  readonly cpuMicrosPerRow: number;
  readonly peakMebibytes: number;
  readonly othersBusy: number;
}

const PER_SECOND = 200;
const WARM_UP_SECONDS = 4;
const FIRST_ARRIVAL_MS = 60_000;

/** Milliseconds since the epoch, with fractions; one clock for both ends. */
function now(): number {
  return performance.timeOrigin + performance.now();
}

/** From the moment a commit has returned to the moment a read_committed consumer in this process has the record. */
export async function measureLatency(
  pipeline: BenchPipeline,
  database: SourceDatabase,
  seconds: number,
): Promise<Latency> {
  const connection = await database.connect();
  const arrivedAt = new Map<number, number>();
  const capture = await pipeline.start('capture');
  const sampler = new UsageSampler(capture.pid);
  const tail = await TailReader.open(pipeline, (key) => {
    const { id } = JSON.parse(key) as { id?: number };
    if (id !== undefined && !arrivedAt.has(id)) arrivedAt.set(id, now());
  });
  try {
    await eventually(
      'a first row to arrive',
      async () => arrivedAt.has(await insertOne(connection, 0)) || arrivedAt.size > 0,
      { timeoutMs: FIRST_ARRIVAL_MS, everyMs: 200 },
    );
    await paced(WARM_UP_SECONDS, (n) => insertOne(connection, n));
    const from = Date.now();
    const committedAt = new Map<number, number>();
    await paced(seconds, async (n) => committedAt.set(await insertOne(connection, n), now()));
    const to = Date.now();
    await eventually('the last row to arrive', () =>
      [...committedAt.keys()].every((id) => arrivedAt.has(id)),
    );
    const waits = [...committedAt].map(([id, at]) => (arrivedAt.get(id) ?? Number.NaN) - at);
    return {
      transactionsPerSecond: (waits.length * 1000) / (to - from),
      p50Ms: quantile(waits, 0.5),
      p95Ms: quantile(waits, 0.95),
      p99Ms: quantile(waits, 0.99),
      maxMs: quantile(waits, 1),
      cpuMicrosPerRow: (sampler.cpuBetween(from, to) * 1e6) / waits.length,
      peakMebibytes: sampler.peakMebibytes(),
      othersBusy: sampler.othersBusy(from, to),
    };
  } finally {
    sampler.stop();
    await tail.close();
    await capture.process.stop();
    connection.destroy();
  }
}

/** Begins one piece of work every 5 ms, or as soon as the one before has ended when that is later. */
async function paced(seconds: number, work: (n: number) => Promise<unknown>): Promise<void> {
  const begun = now();
  for (let n = 0; n < seconds * PER_SECOND; n++) {
    const waitMs = begun + (n * 1000) / PER_SECOND - now();
    if (waitMs > 0) await delay(waitMs);
    await work(n);
  }
}
