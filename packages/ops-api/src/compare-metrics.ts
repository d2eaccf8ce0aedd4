import type { AnyMetricSpec } from '@sluice/runtime';

const LABELS = ['sink', 'database', 'table'] as const;

/** What `sluice compare --continuous` measures. */
export const COMPARE_METRICS = {
  rows: {
    type: 'counter',
    name: 'cdc_compare_rows_total',
    help: 'Rows of the source that were compared with the sink.',
    unit: 'records',
    labels: LABELS,
  },
  different: {
    type: 'gauge',
    name: 'cdc_compare_different',
    help: 'Rows that were different, missing or extra in the sink at the last comparison of the table. It does not fall while rows are not settled; no series while the table cannot be compared.',
    unit: 'records',
    labels: LABELS,
  },
  lastRows: {
    type: 'gauge',
    name: 'cdc_compare_last_rows',
    help: 'Rows of the source in the comparison that cdc_compare_different tells of.',
    unit: 'records',
    labels: LABELS,
  },
  lastSuccess: {
    type: 'gauge',
    name: 'cdc_compare_last_success_timestamp_seconds',
    help: 'When the last comparison of the table ended in which every row was settled, equal or not; 0 before the first.',
    unit: 'seconds',
    labels: LABELS,
  },
} as const satisfies Readonly<Record<string, AnyMetricSpec>>;
