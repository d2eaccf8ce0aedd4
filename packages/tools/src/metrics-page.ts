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
  return `${[INTRODUCTION, ...sections].join('\n\n')}\n`;
}

const INTRODUCTION = `<!-- Generated from the declarations by \`npm run generate\`. -->

# Metrics

Each service answers \`GET /metrics\` on its port of metrics (\`ops.metricsPort\`), in the text format of Prometheus. Beside these there are \`process_*\` and
\`nodejs_*\` of prom-client. A series whose labels have a bounded set of values exists from the start of the process with 0, so that \`rate()\` and \`increase()\`
see the first event; a value that is not known yet is NaN, and no comparison with it is true. \`reason\` and \`code\` are codes of [errors.md](errors.md).`;

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
