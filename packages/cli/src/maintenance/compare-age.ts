import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { CommandFailed } from '../operator/command-failed.ts';
import { ok, unknown, wrong, type Finding } from '../operator/findings.ts';
import { plural } from '../operator/screen.ts';
import { ofPipeline, type Prometheus } from './prometheus.ts';

const AGE_SECONDS = 7 * 86_400;
const COMPARE =
  'sluice compare --output-file REPORT, and --report REPORT here; or sluice compare --continuous';

/** The members of a report of `sluice compare` that tell what it is of. */
const reportSchema = z.object({
  report: z.literal('compare'),
  pipeline: z.string(),
  endedAt: z.iso.datetime(),
  result: z.enum(['equal', 'different', 'not done']),
  rows: z.number(),
});

/** What a comparison says of how equal the sinks are. */
export interface Compared {
  /** Of what: a report, or a sink and its table. */
  readonly name: string;
  /** Since every row was settled. */
  readonly ageSeconds: number;
  /** Rows that are not as in the source; null: not known how many. */
  readonly different: number | null;
}

/** Throws CommandFailed for a file that is no report of this pipeline. */
export async function reportedComparison(file: string, pipeline: string, nowMs: number): Promise<Finding> {
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    throw new CommandFailed(`--report: ${file} cannot be read`, { cause: error });
  });
  const told = reportSchema.safeParse(jsonOf(text));
  if (!told.success || told.data.pipeline !== pipeline)
    throw new CommandFailed(`--report: ${file} is no report of sluice compare of pipeline ${pipeline}`);
  const { endedAt, result, rows } = told.data;
  if (result === 'not done')
    return unknown('compare', `${file}: it could not be settled whether the sinks are equal`, COMPARE);
  const ageSeconds = (nowMs - Date.parse(endedAt)) / 1000;
  const different = result === 'equal' ? 0 : null;
  return comparedFinding({ name: `${file}, ${plural(rows, 'row')}`, ageSeconds, different });
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** What `sluice compare --continuous` has told Prometheus. Throws CommandFailed when that does not answer. */
export async function watchedComparisons(
  prometheus: Prometheus,
  pipeline: string,
): Promise<readonly Finding[]> {
  const all = ofPipeline(pipeline);
  const by = 'max by (sink, database, table)';
  const ages = await prometheus.query(
    `${by} (time() - (cdc_compare_last_success_timestamp_seconds${all} > 0))`,
  );
  const different = await prometheus.query(`${by} (cdc_compare_different${all})`);
  const never = await prometheus.query(`${by} (cdc_compare_last_success_timestamp_seconds${all} == 0)`);
  const nameOf = ({ sink, database, table }: Readonly<Record<string, string>>): string =>
    `${database}.${table} in ${sink}`;
  const counts = new Map(different.map(({ labels, value }) => [nameOf(labels), value]));
  return [
    ...ages.map(({ labels, value }) => {
      const name = nameOf(labels);
      return comparedFinding({ name, ageSeconds: value, different: counts.get(name) ?? 0 });
    }),
    ...never.map(({ labels }) =>
      unknown('compare', `${nameOf(labels)} was never compared to its end`, COMPARE),
    ),
  ];
}

export function comparedFinding({ name, ageSeconds, different }: Compared): Finding {
  const age = `compared ${(ageSeconds / 86_400).toFixed(1)} days ago`;
  if (different !== 0) {
    const rows = different === null ? 'rows' : plural(different, 'row');
    const found = `${name}: ${age}, ${rows} not as in the source`;
    return wrong('compare', { found, required: 'equal', fix: 'docs/runbooks/SinkDiffers.md' });
  }
  if (ageSeconds <= AGE_SECONDS) return ok('compare', `${name}: ${age}, equal`);
  return wrong('compare', { found: `${name}: ${age}`, required: 'at most seven days', fix: COMPARE });
}

export const notCompared = unknown('compare', 'no result of a comparison is known', COMPARE);
