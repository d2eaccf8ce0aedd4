import type { TransactionalPublisher } from '@sluice/kafka';
import type { Logger } from '@sluice/runtime';
import type { LoopLimits } from './capture-loop.ts';
import type { CaptureSettings } from './capture-settings.ts';
import type { CaptureMetrics } from './metrics.ts';
import { OversizeRows } from './stream/oversize.ts';
import { BatchPool, PublishBuffer } from './stream/publish-buffer.ts';

/** Two that take turns: one is published while the other fills. */
export function newBuffers(
  maxMessageBytes: number,
  publisher: TransactionalPublisher,
): readonly [PublishBuffer, PublishBuffer] {
  const pool = new BatchPool();
  const buffer = (): PublishBuffer =>
    new PublishBuffer(pool, maxMessageBytes, (batch) => publisher.compress(batch));
  return [buffer(), buffer()];
}

/** Aborts this long after `stop`: what is under way at the order to stop is still published, an outage does not hold it up. */
const DRAIN_MS = 8000;

export function afterDrainTime(stop: AbortSignal): AbortSignal {
  const timeUp = new AbortController();
  stop.addEventListener('abort', () => setTimeout(() => timeUp.abort(stop.reason), DRAIN_MS).unref(), {
    once: true,
  });
  return timeUp.signal;
}

export function limitsOf({ config }: CaptureSettings): LoopLimits {
  const { flushRows, flushBytes } = config.capture;
  return { flushRows, flushBytes, heartbeatMs: config.source.heartbeatIntervalMs };
}

interface OversizeParts {
  readonly settings: CaptureSettings;
  readonly metrics: CaptureMetrics;
  readonly log: Logger;
}

export function oversizeOf({ settings, metrics, log }: OversizeParts): OversizeRows {
  const onDiverted = (topic: string): void => metrics.diverted(topic);
  return new OversizeRows({ topics: settings.config.topics, log, onDiverted });
}
