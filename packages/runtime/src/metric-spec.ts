/** Base units of Prometheus; `1` for a state, which has none. */
export type MetricUnit =
  | 'seconds'
  | 'bytes'
  | 'records'
  | 'requests'
  | 'connections'
  | 'events'
  | 'tables'
  | 'partitions'
  | 'errors'
  | '1';

/** A metric as `docs/metrics.md` tells it: without one of these it does not compile. */
export interface MetricSpec<L extends string> {
  /** `cdc_<noun>_<unit>`, `_total` for counters; base units: seconds, bytes. */
  readonly name: string;
  readonly help: string;
  readonly unit: MetricUnit;
  /** Values must come from bounded sets: never keys, GTIDs or messages. */
  readonly labels: readonly L[];
}

export interface CounterSpec<L extends string> extends MetricSpec<L> {
  readonly type: 'counter';
}

export interface GaugeSpec<L extends string> extends MetricSpec<L> {
  readonly type: 'gauge';
  /** `unknown`: NaN until it is measured, because 0 would be a claim. */
  readonly start?: 'unknown';
}

export interface HistogramSpec<L extends string> extends MetricSpec<L> {
  readonly type: 'histogram';
  readonly buckets: readonly number[];
}

export type AnyMetricSpec = CounterSpec<string> | GaugeSpec<string> | HistogramSpec<string>;
