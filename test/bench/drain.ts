import { eventually } from '../harness/eventually.ts';
import type { BenchPipeline, RunningService } from './bench-pipeline.ts';
import type { Written } from './orders-table.ts';
import { UsageSampler } from '../harness/processes/process-usage.ts';

/** What moved through a service, and what that took. */
export interface Throughput {
  readonly rows: number;
  readonly seconds: number;
  readonly rowsPerSecond: number;
  readonly cpuMicrosPerRow: number;
  readonly peakMebibytes: number;
  /** Processors that everything else on the machine (servers, this program, strangers) kept busy meanwhile. */
  readonly othersBusy: number;
}

interface Arrivals {
  readonly rows: number;
  readonly operations: Readonly<Record<string, number>>;
  /** Append times by the broker's clock, milliseconds since the epoch. */
  readonly first: number;
  readonly last: number;
}

const TIMEOUT_MS = 240_000;
const ROW_OPERATIONS = new Set(['INSERT', 'UPDATE', 'DELETE', 'SNAPSHOT']);

/** Starts capture and measures from the first append to the last of what it has to bring into the topic. */
export async function measureCapture(
  pipeline: BenchPipeline,
  expected: Written | { readonly snapshot: number },
): Promise<Throughput> {
  const counts = 'snapshot' in expected ? { SNAPSHOT: expected.snapshot } : countsOf(expected);
  const rows = Object.values(counts).reduce((sum, count) => sum + count, 0);
  const capture = await pipeline.start('capture');
  const sampler = new UsageSampler(capture.pid);
  try {
    const { operations, first, last } = await arrivals(pipeline, capture, rows);
    if (!Object.entries(counts).every(([name, count]) => operations[name] === count)) {
      throw new Error(`expected ${JSON.stringify(counts)}, found ${JSON.stringify(operations)}`);
    }
    return throughput(rows, first, last, sampler);
  } finally {
    sampler.stop();
    await capture.process.stop();
  }
}

/** A service's throughput between two instants, milliseconds since the epoch. */
export function throughput(rows: number, from: number, to: number, sampler: UsageSampler): Throughput {
  const seconds = (to - from) / 1000;
  return {
    rows,
    seconds,
    rowsPerSecond: rows / seconds,
    cpuMicrosPerRow: (sampler.cpuBetween(from, to) * 1e6) / rows,
    peakMebibytes: sampler.peakMebibytes(),
    othersBusy: sampler.othersBusy(from, to),
  };
}

function countsOf({ inserts, updates, deletes }: Written): Readonly<Record<string, number>> {
  const all = { INSERT: inserts, UPDATE: updates, DELETE: deletes };
  return Object.fromEntries(Object.entries(all).filter(([, count]) => count > 0));
}

/**
 * While rows arrive only the topic's end is asked for, which costs nobody much. Offsets count control records and markers
 * as well: once there are enough of them and no more come, the topic is read.
 */
async function arrivals(pipeline: BenchPipeline, capture: RunningService, rows: number): Promise<Arrivals> {
  let seen = 0;
  const found = await eventually(
    `${rows} rows to arrive`,
    async () => {
      if (!capture.process.isRunning) return 'ended';
      const end = await pipeline.endOffsets();
      const settled = end >= rows && end === seen;
      seen = end;
      if (!settled) return false;
      const read = await readArrivals(pipeline);
      return read.rows >= rows && read;
    },
    { timeoutMs: TIMEOUT_MS, everyMs: 200 },
  );
  if (found === 'ended') throw new Error(`capture ended:\n${capture.process.output.slice(-2000)}`);
  return found;
}

async function readArrivals(pipeline: BenchPipeline): Promise<Arrivals> {
  const operations: Record<string, number> = {};
  let rows = 0;
  let first = Number.POSITIVE_INFINITY;
  let last = 0;
  await pipeline.reader.readTopic(pipeline.topic, {}, (record) => {
    const operation = record.headers.get('operation')?.toString('latin1') ?? '';
    if (!ROW_OPERATIONS.has(operation)) return;
    operations[operation] = (operations[operation] ?? 0) + 1;
    rows++;
    first = Math.min(first, record.timestamp);
    last = Math.max(last, record.timestamp);
  });
  return { rows, operations, first, last };
}
