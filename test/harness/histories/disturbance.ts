import { SeededRandom } from '@sluice/seeded-random';
import { abortableDelay } from '@sluice/runtime';
import type { WatchedPipeline } from '../pipelines/watched-pipeline.ts';

/** What happens to the services while a batch of histories runs. */
export const DISTURBANCES = ['none', 'capture-held', 'sinks-held', 'capture-killed', 'sinks-killed'] as const;
export type Disturbance = (typeof DISTURBANCES)[number];

/** `mixed`: another one for each batch, by the seed of its first history. */
export type Disturbances = Disturbance | 'mixed';

const KILLED_WITHIN_MS = 5000;

export function disturbanceOf(wanted: Disturbances, seed: number): Disturbance {
  return wanted === 'mixed' ? new SeededRandom(seed).pick(DISTURBANCES) : wanted;
}

/**
 * Resolves with what the work returns when the services run again. Held ones do nothing meanwhile and find a source, or
 * topics, that are further on than what they read; killed ones (SIGKILL) end somewhere in the middle and start again at once.
 */
export async function disturbed<T>(
  pipeline: WatchedPipeline,
  kind: Disturbance,
  seed: number,
  work: () => Promise<T>,
): Promise<T> {
  if (kind === 'none') return work();
  const [services, how] = kind.split('-') as ['capture' | 'sinks', 'held' | 'killed'];
  if (how === 'held') return pipeline.held(services, work);
  const over = new AbortController();
  const afterMs = new SeededRandom(seed).integer(0, KILLED_WITHIN_MS);
  const killed = abortableDelay(afterMs, over.signal)
    .catch(() => undefined)
    .then(() => pipeline.killed(services));
  try {
    return await work();
  } finally {
    over.abort();
    await killed;
  }
}
