import { note, ok, unknown, wrong, type Finding } from '../operator/findings.ts';
import { BEHIND_SECONDS, headroomFinding } from './judge-services.ts';
import { ofPipeline, type Prometheus, type Sample } from './prometheus.ts';

const GROWTH = 1.5;
const MEMORY_SHARE = 0.9;
const MEMORY_NEAR = 0.75;
const TARGET = 'is capture a target of Prometheus?';

/** What a Prometheus has seen of a pipeline in seven days; null: it has nothing of it. */
export interface Measured {
  /** Rows that capture has published. */
  readonly rows: number | null;
  /** Those of the seven days before. */
  readonly rowsBefore: number | null;
  /** Rows in a second, in the five minutes that had most of them. */
  readonly peakRate: number | null;
  /** Seconds that capture was behind when it was worst. */
  readonly worstLag: number | null;
  /** Seconds for which the source would have kept the binlog when it was worst. */
  readonly leastHeadroom: number | null;
  /** The largest share of its memory limit that a process has had, by job; none where there are no limits. */
  readonly memory: readonly Sample[];
}

/** Throws CommandFailed when Prometheus does not answer. */
export async function measure(prometheus: Prometheus, pipeline: string): Promise<Measured> {
  const all = ofPipeline(pipeline);
  const events = `cdc_capture_events_total${all}`;
  const ours = ofPipeline(pipeline, 'job=~"sluice-.+"');
  const one = async (expression: string): Promise<number | null> =>
    (await prometheus.query(expression))[0]?.value ?? null;
  const memory = `process_resident_memory_bytes${ours} / (cdc_memory_limit_bytes${ours} > 0)`;
  return {
    rows: await one(`sum(increase(${events}[7d]))`),
    rowsBefore: await one(`sum(increase(${events}[7d] offset 7d))`),
    peakRate: await one(`max_over_time(sum(rate(${events}[5m]))[7d:5m])`),
    worstLag: await one(`max(max_over_time(cdc_binlog_lag_seconds${all}[7d]))`),
    leastHeadroom: await one(`min(min_over_time(cdc_binlog_retention_headroom_seconds${all}[7d]))`),
    memory: await prometheus.query(`max by (job) (max_over_time((${memory})[7d:5m]))`),
  };
}

export function capacityFindings(pipeline: string, measured: Measured): readonly Finding[] {
  const { rows, rowsBefore, peakRate, worstLag, leastHeadroom, memory } = measured;
  if (rows === null)
    return [
      unknown(
        'capacity',
        `Prometheus knows no rows of pipeline ${pipeline}`,
        'infra/prometheus/prometheus.yml: its targets have the labels job and pipeline',
      ),
    ];
  return [
    growth(rows, rowsBefore),
    peakRate === null || Number.isNaN(peakRate)
      ? unknown('capacity', 'how many rows a second there were at most is not known', TARGET)
      : ok('capacity', `at most ${peakRate.toFixed(0)} rows a second, over five minutes`),
    behind(worstLag),
    binlog(leastHeadroom),
    ...(memory.length === 0
      ? [note('capacity', 'no process has told its memory and a limit of it', null)]
      : memory.map(ofMemory)),
  ];
}

function growth(rows: number, before: number | null): Finding {
  const found = `${rows.toFixed(0)} rows in seven days`;
  if (before === null || before === 0)
    return note('capacity', `${found}; of the week before nothing is known`, null);
  const percent = ((rows / before - 1) * 100).toFixed(0);
  const told = `${found}, ${before.toFixed(0)} in the seven days before (${rows < before ? '' : '+'}${percent} %)`;
  // A week with hardly any rows may be one in which nothing was captured.
  if (rows * GROWTH < before)
    return note('capacity', told, 'sluice status, and what the source did in that week');
  return rows / before < GROWTH ? ok('capacity', told) : note('capacity', told, 'docs/sizing.md');
}

function behind(worst: number | null): Finding {
  if (worst === null || Number.isNaN(worst))
    return unknown('capacity', 'how far capture was behind is not known', TARGET);
  const found = `capture was ${worst.toFixed(0)} s behind when it was worst`;
  return worst <= BEHIND_SECONDS
    ? ok('capacity', found)
    : note('capacity', found, 'docs/runbooks/HighBinlogLag.md');
}

function binlog(least: number | null): Finding {
  const file = 'the binlog that capture needs (at its worst in seven days)';
  return { ...headroomFinding({ file, seconds: least ?? Number.NaN }), area: 'capacity' };
}

function ofMemory({ labels, value }: Sample): Finding {
  const found = `${labels['job'] ?? 'a process'}: at most ${(value * 100).toFixed(0)} % of its memory`;
  const fix = 'docs/runbooks/MemoryNearLimit.md';
  if (value > MEMORY_SHARE) return wrong('capacity', { found, required: 'at most 90 %', fix });
  return value > MEMORY_NEAR ? note('capacity', found, fix) : ok('capacity', found);
}
