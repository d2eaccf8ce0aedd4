import { CAPTURE_METRICS, COMPARE_METRICS, SINK_METRICS } from '@sluice/ops-api';
import { POOL_METRICS, SERVICE_METRICS, type AnyMetricSpec } from '@sluice/runtime';

/** `docs/metrics.md`: every metric, from its declaration. */
export function metricsPage(): string {
  const sections = [
    section('Every service', SERVICE_METRICS),
    section('Capture', CAPTURE_METRICS),
    section('Every sink', SINK_METRICS),
    section('Sinks with a pool of connections: MySQL', POOL_METRICS),
    section('`sluice compare --continuous`', COMPARE_METRICS),
  ];
  return `${[INTRODUCTION, ...sections, otherNames()].join('\n\n')}\n`;
}

const INTRODUCTION = `<!-- Generated from the declarations by \`npm run generate\`. -->

# Metrics

Each service answers \`GET /metrics\` on its port of metrics (\`ops.metricsPort\`), in the text format of Prometheus. Beside these there are \`process_*\` and
\`nodejs_*\` of prom-client. A series whose labels have a bounded set of values exists from the start of the process with 0, so that \`rate()\` and \`increase()\`
see the first event; a value that is not known yet is NaN, and no comparison with it is true. \`reason\` and \`code\` are codes of [errors.md](errors.md).

How many series there are grows with tables, topics and partitions alone: a table has one per operation in capture, one per operation and result that it had in a sink, and a latency (the first 200);
a partition has one of lag in the process that reads it. No label holds keys, values, hosts, transactions or clients.`;

/** What manuals and dashboards of change data capture ask for, where it has another name here, or another form. */
const OTHER_NAMES: readonly (readonly [string, string])[] = [
  [
    '`cdc_binlog_last_receive_timestamp_seconds`',
    '`cdc_binlog_lag_seconds`: 0 while heartbeats of the server say that all is read; `cdc_source_connected` is 0 when none has come for a while (SOURCE_SILENT)',
  ],
  [
    '`cdc_checkpoint_writes_total`',
    '`cdc_kafka_produce_duration_seconds_count`: each Kafka transaction has one checkpoint; `cdc_checkpoint_last_success_timestamp_seconds`',
  ],
  [
    '`cdc_consumer_lag_seconds`',
    '`time() - cdc_sink_watermark_timestamp_seconds`; `sync_e2e_latency_seconds` in Prometheus has both ways to see it',
  ],
  [
    '`cdc_consumer_crashes_total`',
    '`cdc_rebalances_total` (each time that a member joined), `cdc_errors_total{class="fatal"}`, `process_start_time_seconds`',
  ],
  ['`cdc_source_diverged`', '`cdc_needs_operator{code="SOURCE_DIVERGED"}`; alert NeedsOperator'],
  ['`cdc_snapshot_remaining_tables`', '`cdc_snapshot_tables`, states `pending` and `running`'],
  [
    '`cdc_snapshot_chunk_duration_seconds`',
    '`rate(cdc_snapshot_rows_total[1m])`; `sluice snapshot list` has rows per second and the time left of each job',
  ],
  [
    '`cdc_snapshot_deduplicated_rows_total`',
    '`cdc_sink_records_total`, results `superseded` and `stale`: rows of a snapshot that a newer change has overtaken',
  ],
  ['`cdc_compare_mismatched_rows`', '`cdc_compare_different`'],
  [
    '`cdc_repair_rows_total`',
    'none: `sluice repair` is a command that ends; it tells its rows, and the audit topic keeps them',
  ],
  [
    '`cdc_tables_paused`',
    '`cdc_partitions_paused` by reason; `paused` and `pausedByOperator` of /status name the tables',
  ],
  [
    '`cdc_queue_depth`',
    '`cdc_queue_items`, of its bytes `cdc_queue_bytes`; of a sink `cdc_consumer_lag_records`',
  ],
  [
    '`sync_errors_total`, `sync_e2e_latency_seconds`, `cdc_ingest_rate`, `cdc_apply_rate`, `cdc_error_rate`',
    'recording rules, `infra/prometheus/rules/recording.yml`',
  ],
];

function otherNames(): string {
  const head = ['asked for', 'here'];
  return ['## Under other names', '', row(head), row(head.map(() => '---')), ...OTHER_NAMES.map(row)].join(
    '\n',
  );
}

function section(title: string, specs: Readonly<Record<string, AnyMetricSpec>>): string {
  const lines = Object.values(specs).map(({ name, type, unit, labels, help }) =>
    row([
      `\`${name}\``,
      type,
      unit === '1' ? '' : unit,
      labels.map((label) => `\`${label}\``).join(', '),
      help,
    ]),
  );
  const head = ['metric', 'type', 'unit', 'labels', 'meaning'];
  return [`## ${title}`, '', row(head), row(head.map(() => '---')), ...lines].join('\n');
}

const row = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
