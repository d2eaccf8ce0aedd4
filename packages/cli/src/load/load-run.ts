import { setTimeout as delay } from 'node:timers/promises';
import type { Workload } from '@sluice/sample-shop';
import type { ServiceAnswer } from '../operator/service-line.ts';
import type { LoadOrder } from './load-order.ts';
import { hasCaughtUp, LoadWatch, type SinkLatency } from './load-watch.ts';

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
  /** After its end, until nothing waited; null: longer than was waited for, or nobody tells it. */
  readonly caughtUpSeconds: number | null;
}

export interface LoadParts {
  readonly order: Pick<LoadOrder, 'seconds' | 'waitSeconds'>;
  readonly workload: Workload;
  /** Asks every process of the pipeline. */
  readonly ask: () => Promise<readonly ServiceAnswer[]>;
  /** Aborted by whoever does not want to wait for the end. */
  readonly signal: AbortSignal;
}

/** Lets the workload run for its time, and waits until the pipeline has caught up. Throws what a writer throws. */
export async function runLoad({ order, workload, ask, signal }: LoadParts): Promise<LoadResult> {
  const watch = new LoadWatch();
  const begun = performance.now();
  const endsAt = begun + order.seconds * 1000;
  let endedAt = begun;
  const failed = workload.done.then(() => void (endedAt = performance.now()));
  // Not by the loop below: a service that does not answer would make the load longer.
  let stopped: Workload['done'] | null = null;
  const stop = (): Workload['done'] => (stopped ??= workload.stop());
  const end = setTimeout(() => void stop().catch(() => undefined), order.seconds * 1000);
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
    clearTimeout(end);
  }
  const { transactions, changes, retries } = await stop();
  await failed;
  const seconds = (endedAt - begun) / 1000;
  const caughtUpSeconds = await catchUp(ask, order.waitSeconds, signal, (answers) => watch.note(answers));
  return { transactions, rows: changes, retries, seconds, latencies: watch.latencies, caughtUpSeconds };
}

/** Seconds until nothing waited; null when it took longer. @param note is given every answer */
export async function catchUp(
  ask: LoadParts['ask'],
  waitSeconds: number,
  signal: AbortSignal,
  note: (answers: readonly ServiceAnswer[]) => void = () => undefined,
): Promise<number | null> {
  const begun = performance.now();
  while (!signal.aborted && performance.now() - begun < waitSeconds * 1000) {
    const answers = await ask();
    note(answers);
    if (hasCaughtUp(answers)) return (performance.now() - begun) / 1000;
    await delay(CATCH_UP_LOOK_MS, undefined, { signal }).catch(() => undefined);
  }
  return null;
}
