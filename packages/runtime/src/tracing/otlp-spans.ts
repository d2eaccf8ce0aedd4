import {
  diag,
  DiagLogLevel,
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  trace,
  type SpanContext,
  type Tracer,
} from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { detectResources, envDetector, resourceFromAttributes } from '@opentelemetry/resources';
import { BatchSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';
import { settlesWithin } from '../delay.ts';
import type { Logger } from '../log.ts';
import { VERSION } from '../version.ts';
import type { EndedSpan, Tracing } from './spans.ts';

const CLOSE_MS = 2000;
/** A collector that is away is told of once in this time (ms). */
const TOLD_EVERY_MS = 60_000;
const KINDS = { producer: SpanKind.PRODUCER, consumer: SpanKind.CONSUMER } as const;

/**
 * Spans by OTLP over HTTP in JSON. Address, headers, time limit, sampling and sizes are those of the variables `OTEL_…` that OpenTelemetry
 * names; what its queue cannot take is dropped there.
 */
export class OtlpSpans implements Tracing {
  readonly #provider: TracerProvider;
  readonly #tracer: Tracer;

  constructor(service: string, log: Logger) {
    tellProblems(log);
    const own = { 'service.name': `sluice-${service}`, 'service.version': VERSION };
    const resource = resourceFromAttributes(own).merge(detectResources({ detectors: [envDetector] }));
    const spanProcessors = [new BatchSpanProcessor({ exporter: new OTLPTraceExporter() })];
    this.#provider = new TracerProvider({ resource, spanProcessors });
    this.#tracer = this.#provider.getTracer('sluice', VERSION);
  }

  ended({ name, kind, traceparent, startedAtMs, endedAtMs, attributes, error }: EndedSpan): void {
    const parent = trace.setSpanContext(ROOT_CONTEXT, spanContext(traceparent));
    const options = { kind: KINDS[kind], startTime: startedAtMs, attributes };
    const span = this.#tracer.startSpan(name, options, parent);
    if (error !== null) {
      span.setAttribute('error.type', error);
      span.setStatus({ code: SpanStatusCode.ERROR });
    }
    span.end(endedAtMs);
  }

  async close(): Promise<void> {
    await settlesWithin(CLOSE_MS, this.#provider.shutdown());
  }
}

/** W3C Trace Context, 3.2: version, trace id, parent id and flags in hexadecimal. */
function spanContext(traceparent: string): SpanContext {
  const [, traceId = '', spanId = '', flags = ''] = traceparent.split('-');
  return { traceId, spanId, traceFlags: Number.parseInt(flags, 16), isRemote: true };
}

/** A message may hold the address that it speaks of, as somebody has written it, and the collector's whole answer. */
function withoutLogins(message: string): string {
  return message.replaceAll(/\/\/[^\s/]*@/g, '//***@').slice(0, 300);
}

/** The library says what it cannot export to nobody, unless it is asked. */
function tellProblems(log: Logger): void {
  let toldAtMs = -Infinity;
  const tell = (message: string): void => {
    const now = performance.now();
    if (now - toldAtMs < TOLD_EVERY_MS) return;
    toldAtMs = now;
    log.warn({ event: 'tracing.not_exported', reason: withoutLogins(message) }, 'spans cannot be exported');
  };
  const silent = (): void => undefined;
  diag.setLogger(
    { error: tell, warn: tell, info: silent, debug: silent, verbose: silent },
    { logLevel: DiagLogLevel.WARN, suppressOverrideMessage: true },
  );
}
