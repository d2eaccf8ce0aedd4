import { PipelineError } from '@sluice/runtime';
import type { Delivery, Outcome } from './sink.ts';
import type { WorkerContext } from './worker-context.ts';

/**
 * One span for each trace that a write to the store has to do with: from its beginning to the store's answer. Names and attributes are those of
 * OpenTelemetry's conventions for messaging.
 * @param answer what became of each delivery, or the error of the whole write
 * @param startedAtMs milliseconds since 1970
 */
export function tellSpans(
  { tracing, group, name }: Pick<WorkerContext, 'tracing' | 'group' | 'name'>,
  deliveries: readonly Delivery[],
  answer: readonly Outcome[] | PipelineError,
  startedAtMs: number,
): void {
  if (tracing === null) return;
  const endedAtMs = Date.now();
  for (const [traceparent, { topic, records, error }] of byTrace(deliveries, answer))
    tracing.ended({
      name: `process ${topic}`,
      kind: 'consumer',
      traceparent,
      startedAtMs,
      endedAtMs,
      attributes: {
        'messaging.system': 'kafka',
        'messaging.operation.type': 'process',
        'messaging.destination.name': topic,
        'messaging.consumer.group.name': group,
        'messaging.batch.message_count': records,
        'sluice.sink': name,
      },
      error,
    });
}

interface TracePart {
  readonly topic: string;
  records: number;
  error: string | null;
}

function byTrace(
  deliveries: readonly Delivery[],
  answer: readonly Outcome[] | PipelineError,
): ReadonlyMap<string, TracePart> {
  const parts = new Map<string, TracePart>();
  for (const [index, { traceparent, topic }] of deliveries.entries()) {
    if (traceparent === undefined) continue;
    const part = parts.get(traceparent) ?? { topic, records: 0, error: null };
    part.records++;
    part.error ??= errorOf(answer instanceof PipelineError ? answer : answer[index]);
    parts.set(traceparent, part);
  }
  return parts;
}

function errorOf(answer: Outcome | PipelineError | undefined): string | null {
  if (answer instanceof PipelineError) return answer.code;
  return answer?.kind === 'failed' ? answer.error.code : null;
}
