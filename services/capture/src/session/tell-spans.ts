import type { Tracing } from '@sluice/runtime';
import type { RecordTrace } from '../encode/publish-buffer.ts';

/**
 * One span for each run of records of one trace that a Kafka transaction has brought: from when capture read the first of them to the commit.
 * Names and attributes are those of OpenTelemetry's conventions for messaging.
 */
export function tellSpans(tracing: Tracing | null, traces: readonly RecordTrace[], endedAtMs: number): void {
  if (tracing === null) return;
  for (const { traceparent, topic, capturedAt, records } of traces)
    tracing.ended({
      name: `send ${topic}`,
      kind: 'producer',
      traceparent,
      startedAtMs: capturedAt,
      endedAtMs,
      attributes: {
        'messaging.system': 'kafka',
        'messaging.operation.type': 'send',
        'messaging.destination.name': topic,
        'messaging.batch.message_count': records,
      },
      error: null,
    });
}
