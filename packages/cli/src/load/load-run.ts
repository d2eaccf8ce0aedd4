import { setTimeout as delay } from 'node:timers/promises';
import type { Workload } from '@sluice/sample-shop';
import type { ServiceAnswer } from '../operator/service-line.ts';
import type { LoadOrder } from './load-order.ts';
import { LoadWatch, type SinkLatency } from './load-watch.ts';

const LOOK_MS = 2000;
const CATCH_UP_LOOK_MS = 500;
/** Services tell percentiles of the last minute: before, those of the filling are among them. */
export const WINDOW_MS = 60_000;

/** What a load has done, and how the pipeline took it. */
export interface LoadResult {
  readonly transactions: number;
  readonly rows: number;
  /** Transactions that a lock made start again. */
  readonly retries: number;
  readonly seconds: number;
  readonly latencies: readonly SinkLatency[];
  /** After its end, until every sink had applied all of it; null: longer than was waited for, or nobody tells it. */
  readonly caughtUpSeconds: number | null;
  /** Why it is null, where that is known. */
  readonly notCaughtUp: string | null;
}

/** Who knows how far the pipeline has read. */
export interface Reading {
  /** Asks every process of the pipeline. */
  readonly ask: () => Promise<readonly ServiceAnswer[]>;
  /** As `LoadReading.applied`. */
  readonly applied: (signal: AbortSignal) => Promise<string | null>;
  /** Aborted by whoever does not want to wait for the end. */
  readonly signal: AbortSignal;
}

export interface LoadParts {
  readonly order: Pick<LoadOrder, 'seconds' | 'waitSeconds'>;
  readonly workload: Workload;
  readonly reading: Reading;
}

/** Lets the workload run for its time, and waits until the pipeline has caught up. Throws what a writer throws. */
export async function runLoad({ order, workload, reading }: LoadParts): Promise<LoadResult> {
  const { ask, signal } = reading;
  const watch = new LoadWatch();
  const begun = performance.now();
  const endsAt = begun + order.seconds * 1000;
  let endedAt = begun;
  const failed = workload.done.then(() => void (endedAt = performance.now()));
  // Not by the loop below: a service that does not answer would make the load longer.
  let stopped: Workload['done'] | null = null;
  const stop = (): Workload['done'] => (stopped ??= workload.stop());
  const timer = setTimeout(() => void stop().catch(() => undefined), order.seconds * 1000);
  try {
    while (!signal.aborted && performance.now() < endsAt) {
      const pause = Math.min(LOOK_MS, endsAt - performance.now());
      await Promise.race([failed, delay(pause, undefined, { signal }).catch(() => undefined)]);
      const answers = await ask();
      if (performance.now() - begun >= WINDOW_MS) watch.note(answers);
    }
  } catch (error) {
    // Whatever keeps it from looking: nothing may be written by a load that nobody watches.
    await stop().catch(() => undefined);
    throw error;
  } finally {
    clearTimeout(timer);
  }
  const { transactions, changes, retries } = await stop();
  await failed;
  const seconds = (endedAt - begun) / 1000;
  const end = await catchUp(reading, order.waitSeconds, (answers) => watch.note(answers));
  return { transactions, rows: changes, retries, seconds, latencies: watch.latencies, ...end };
}

/** Seconds until every sink had applied what is committed now. @param note is given what the processes tell meanwhile */
export async function catchUp(
  { ask, applied, signal }: Reading,
  waitSeconds: number,
  note: (answers: readonly ServiceAnswer[]) => void = () => undefined,
): Promise<Pick<LoadResult, 'caughtUpSeconds' | 'notCaughtUp'>> {
  const begun = performance.now();
  const ends = AbortSignal.any([signal, AbortSignal.timeout(waitSeconds * 1000)]);
  const over = new AbortController();
  if (ends.aborted) over.abort();
  let notCaughtUp: string | null = null;
  const reads = async (): Promise<number> => {
    while ((notCaughtUp = await applied(ends)) !== null)
      await delay(CATCH_UP_LOOK_MS, undefined, { signal: ends });
    return (performance.now() - begun) / 1000;
  };
  const timeIsUp = new Promise<null>((resolve) => {
    ends.addEventListener('abort', () => resolve(null), { once: true });
  });
  const failed = (error: unknown): null => {
    if (signal.aborted || ends.aborted) return null;
    throw error;
  };
  const reading = over.signal.aborted
    ? Promise.resolve(null)
    : Promise.race([reads(), timeIsUp])
        .catch(failed)
        .finally(() => over.abort());
  // What it fails with is thrown below, when the last question has been answered.
  reading.catch(() => undefined);
  while (!over.signal.aborted) {
    note(await ask());
    await Promise.race([reading, delay(CATCH_UP_LOOK_MS)]).catch(() => undefined);
  }
  return { caughtUpSeconds: await reading, notCaughtUp };
}
