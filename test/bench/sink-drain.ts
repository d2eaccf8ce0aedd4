import type { BenchPipeline, RunningService, SinkName } from './bench-pipeline.ts';
import { throughput, type Throughput } from './drain.ts';
import { eventually } from '../harness/eventually.ts';
import { UsageSampler } from '../harness/processes/process-usage.ts';

const TIMEOUT_MS = 240_000;
const LOOK_MS = 100;

/**
 * Drains the pipeline's topic into an empty store. The clock runs from the first look at the sink's counter that shows
 * rows, and counts the rows after that, to the look that shows all of them.
 */
export async function measureSink(
  pipeline: BenchPipeline,
  sink: SinkName,
  rows: number,
): Promise<Throughput> {
  const service = await pipeline.start(`sink-${sink}`);
  const sampler = new UsageSampler(service.pid);
  try {
    const first = await look(service, (applied) => applied > 0);
    const last = await look(service, (applied) => applied >= rows);
    return throughput(last.applied - first.applied, first.at, last.at, sampler);
  } finally {
    sampler.stop();
    await service.process.stop();
  }
}

interface Look {
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly applied: number;
}

async function look(service: RunningService, accept: (applied: number) => boolean): Promise<Look> {
  const found = await eventually(
    'the sink to apply rows',
    async () => {
      if (!service.process.isRunning) return 'ended';
      const { records } = (await service.status()) as { records: { handled: number } };
      const applied = records.handled;
      return accept(applied) && { at: Date.now(), applied };
    },
    { timeoutMs: TIMEOUT_MS, everyMs: LOOK_MS },
  );
  if (found === 'ended') throw new Error(`the sink ended:\n${service.process.output.slice(-2000)}`);
  return found;
}
