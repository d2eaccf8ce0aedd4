/** A piece of work that has ended, of a trace that began elsewhere. */
export interface EndedSpan {
  readonly name: string;
  readonly kind: 'producer' | 'consumer';
  /** W3C Trace Context of what it is part of. */
  readonly traceparent: string;
  /** Milliseconds since 1970. */
  readonly startedAtMs: number;
  readonly endedAtMs: number;
  readonly attributes: Readonly<Record<string, string | number>>;
  /** Code of the error by which it failed; null when it did not. */
  readonly error: string | null;
}

/** Where spans go. */
export interface Tracing {
  /** Takes a span for the next export; never waits. Of a trace that is not sampled nothing is exported. */
  ended(span: EndedSpan): void;
  /** Exports what is left; never throws. */
  close(): Promise<void>;
}
