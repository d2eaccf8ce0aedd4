import { readFile } from 'node:fs/promises';
import type { SluiceConfig } from '@sluice/runtime';
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
  offline: z.boolean(),
  scope: z.object({
    where: z.string().nullable(),
    keys: z.string().nullable(),
    sample: z.number().nullable(),
  }),
  asked: z.object({ tables: z.array(z.string()) }).optional(),
  tables: z.array(z.object({ compared: z.boolean(), sinks: z.record(z.string(), z.unknown()) })),
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
export async function reportedComparison(
  file: string,
  { pipeline, sinks: sections }: Pick<SluiceConfig, 'pipeline' | 'sinks'>,
  nowMs: number,
): Promise<readonly Finding[]> {
  const sinks = Object.keys(sections);
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    throw new CommandFailed(`--report: ${file} cannot be read`, { cause: error });
  });
  const told = reportSchema.safeParse(jsonOf(text));
  if (!told.success || told.data.pipeline !== pipeline)
    throw new CommandFailed(`--report: ${file} is no report of sluice compare of pipeline ${pipeline}`);
  const { endedAt, result } = told.data;
  if (result === 'different') {
    const found = `${file}: rows are not as in the source`;
    return [wrong('compare', { found, required: 'equal', fix: 'docs/runbooks/SinkDiffers.md' })];
  }
  const lacks = lacksOf(told.data, sinks);
  if (lacks.length > 0) return [unknown('compare', `${file}: ${lacks.join(', ')}`, COMPARE)];
  const ageSeconds = (nowMs - Date.parse(endedAt)) / 1000;
  return [comparedFinding({ name: `${file}, ${plural(told.data.rows, 'row')}`, ageSeconds, different: 0 })];
}

/** Why an equal result says nothing of all rows of all sinks. */
function lacksOf(report: z.output<typeof reportSchema>, sinks: readonly string[]): readonly string[] {
  const { result, rows, offline, scope, asked, tables } = report;
  const isPart = scope.where !== null || scope.keys !== null || scope.sample !== null;
  const compared = new Set(tables.flatMap((table) => (table.compared ? Object.keys(table.sinks) : [])));
  const missing = sinks.filter((sink) => !compared.has(sink));
  return [
    ...(result === 'not done' ? ['it could not be settled whether the sinks are equal'] : []),
    ...(rows === 0 ? ['no row was compared'] : []),
    ...(isPart ? ['only a part of the rows was compared'] : []),
    ...(asked === undefined ? ['it does not say which tables were asked for'] : []),
    ...(asked !== undefined && asked.tables.length > 0
      ? [`only these tables were asked for: ${asked.tables.join(', ')}`]
      : []),
    ...(offline ? ['it was compared offline'] : []),
    ...(tables.some((table) => !table.compared) ? ['a table was not compared'] : []),
    ...(missing.length > 0 ? [`sinks were not compared: ${missing.join(', ')}`] : []),
  ];
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** Sinks of the configuration that a Prometheus knows no comparison of. */
function notWatched(sinks: readonly string[], known: ReadonlySet<string>): readonly Finding[] {
  return sinks
    .filter((sink) => !known.has(sink))
    .map((sink) => unknown('compare', `${sink}: no comparison is known`, COMPARE));
}

/** What `sluice compare --continuous` has told Prometheus. Throws CommandFailed when that does not answer. */
export async function watchedComparisons(
  prometheus: Prometheus,
  { pipeline, sinks }: Pick<SluiceConfig, 'pipeline' | 'sinks'>,
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
  const known = new Set([...ages, ...never].map(({ labels }) => labels['sink'] ?? ''));
  if (known.size === 0) return [];
  return [
    ...notWatched(Object.keys(sinks), known),
    ...ages.map(({ labels, value }) => {
      const name = nameOf(labels);
      return comparedFinding({ name, ageSeconds: value, different: counts.get(name) ?? null });
    }),
    ...never.map(({ labels }) =>
      unknown('compare', `${nameOf(labels)} was never compared to its end`, COMPARE),
    ),
  ];
}

export function comparedFinding({ name, ageSeconds, different }: Compared): Finding {
  const age = `compared ${(ageSeconds / 86_400).toFixed(1)} days ago`;
  if (different === null)
    return unknown(
      'compare',
      `${name}: whether it is equal is not known any more`,
      'sluice compare says why',
    );
  if (different > 0) {
    const found = `${name}: ${age}, ${plural(different, 'row')} not as in the source`;
    return wrong('compare', { found, required: 'equal', fix: 'docs/runbooks/SinkDiffers.md' });
  }
  if (ageSeconds <= AGE_SECONDS) return ok('compare', `${name}: ${age}, equal`);
  return wrong('compare', { found: `${name}: ${age}`, required: 'at most seven days', fix: COMPARE });
}

export const notCompared = unknown('compare', 'no result of a comparison is known', COMPARE);
