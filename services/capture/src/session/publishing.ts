import type { RecordSeals, TransactionalPublisher } from '@sluice/kafka';
import { whenAborted, type Logger } from '@sluice/runtime';
import type { ChangeStream } from '../stream/change-stream.ts';
import type { LoopLimits } from '../stream/capture-loop.ts';
import type { CaptureSettings } from '../settings/capture-settings.ts';
import type { CaptureMetrics } from './metrics.ts';
import { writeHeartbeat } from '../encode/control-writer.ts';
import { OversizeRows } from '../encode/oversize.ts';
import { BatchPool, PublishBuffer } from '../encode/publish-buffer.ts';

/** Two that take turns: one is published while the other fills. */
export function newBuffers(
  maxMessageBytes: number,
  publisher: TransactionalPublisher,
  seals: RecordSeals | null,
): readonly [PublishBuffer, PublishBuffer] {
  const pool = new BatchPool();
  const buffer = (): PublishBuffer =>
    new PublishBuffer(pool, maxMessageBytes, (batch) => publisher.compress(batch), seals);
  return [buffer(), buffer()];
}

const DRAIN_MS = 8000;

export interface DrainTime {
  /** Aborts 8 s after the order to stop: what is under way then is still published, an outage does not hold it up. */
  readonly signal: AbortSignal;
  /** To be called when the session is over: the order comes once in all sessions of the process. */
  readonly forget: () => void;
}

export function afterDrainTime(stop: AbortSignal): DrainTime {
  const timeUp = new AbortController();
  const forget = whenAborted(stop, () => setTimeout(() => timeUp.abort(stop.reason), DRAIN_MS).unref());
  return { signal: timeUp.signal, forget };
}

/** A source that is read to its end has nothing older than now. */
export function writeStreamHeartbeat(
  buffer: PublishBuffer,
  { prefix }: CaptureSettings,
  stream: Pick<ChangeStream, 'atTip' | 'now' | 'point'>,
): void {
  const point = stream.point();
  const timestamp = stream.atTip ? stream.now : point.timestamp;
  writeHeartbeat(buffer, prefix, { ...point, timestamp });
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
