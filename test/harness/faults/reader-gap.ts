import { setTimeout as delay } from 'node:timers/promises';
import { TopicReader } from '@sluice/kafka';
import { eventually } from '../eventually.ts';
import { kafkaConfig } from '../pipelines/capture-pipeline.ts';
import { LongestGap } from '../records/change-gaps.ts';
import type { Scene } from './scene.ts';

const LOOK_MS = 20;
/** A reader outlives whatever the case does. */
const PATIENCE_MS = 240_000;
/** Changes afterwards, which show that the gap has ended. */
const AFTERWARDS = 10;

/**
 * Runs the fault beside a reader of committed records, past all proxies, and makes the longest time in which it got no change a figure, in
 * milliseconds; it includes the time in which it could not read.
 */
export async function withGap(scene: Scene, fault: () => Promise<void>): Promise<void> {
  const end = new AbortController();
  const gap = new LongestGap();
  const reading = readOn(scene, gap, end.signal);
  reading.catch(() => undefined); // told below
  try {
    await eventually('changes to be read', () => gap.count > 0, { timeoutMs: 30_000 });
    gap.take();
    await fault();
    const seen = gap.count;
    const goesOn = (): boolean => gap.count >= seen + AFTERWARDS;
    await eventually('changes to be read again', goesOn, { timeoutMs: 60_000 });
    scene.figures.push(`a reader of committed records got no change for ${gap.take()} ms at most`);
  } finally {
    end.abort();
    await reading;
  }
}

/** Until it is aborted. */
async function readOn({ pipeline }: Scene, gap: LongestGap, signal: AbortSignal): Promise<void> {
  const kafka = kafkaConfig(pipeline.servers.stack.kafka.brokers);
  const reader = new TopicReader({ kafka, signal, recoveryMs: PATIENCE_MS });
  const next = new Map<number, bigint>();
  const fromOffset = (partition: number): bigint => next.get(partition) ?? 0n;
  try {
    while (!signal.aborted) {
      const count = await reader.readTopic(
        pipeline.topic('marker'),
        { fromOffset },
        ({ partition, offset }) => next.set(partition, offset + 1n),
      );
      if (count > 0) gap.note(count);
      await delay(LOOK_MS);
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    reader.close();
  }
}
