import { readFile } from 'node:fs/promises';
import { tableIdOf } from '@sluice/envelope';
import type { SluiceConfig } from '@sluice/runtime';
import { z } from 'zod';
import type { ExpectedTables } from './expected-tables.ts';
import { CommandFailed } from '../operator/command-failed.ts';
import { ok, unknown, wrong, type Finding } from '../operator/findings.ts';
import { plural } from '../operator/screen.ts';
import { ofPipeline, type Prometheus } from './prometheus.ts';

const AGE_SECONDS = 7 * 86_400;
/** Tables that a finding names. */
const LISTED = 5;
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
  tables: z.array(
    z.object({ table: z.string(), compared: z.boolean(), sinks: z.record(z.string(), z.unknown()) }),
  ),
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
  { pipeline }: Pick<SluiceConfig, 'pipeline'>,
  expected: ExpectedTables,
  nowMs: number,
): Promise<readonly Finding[]> {
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    throw new CommandFailed(
      `--report: ${file} cannot be read (${String((error as NodeJS.ErrnoException).code)})`,
      { cause: error, fix: COMPARE },
    );
  });
  const told = reportSchema.safeParse(jsonOf(text));
  if (!told.success || told.data.pipeline !== pipeline)
    throw new CommandFailed(`--report: ${file} is no report of sluice compare of pipeline ${pipeline}`, {
      fix: COMPARE,
    });
  const { endedAt, result } = told.data;
  if (result === 'different') {
    const found = `${file}: rows are not as in the source`;
    return [wrong('compare', { found, required: 'equal', fix: 'docs/runbooks/SinkDiffers.md' })];
  }
  const lacks = lacksOf(told.data, expected);
  if (lacks.length > 0) return [unknown('compare', `${file}: ${lacks.join(', ')}`, COMPARE)];
  const ageSeconds = (nowMs - Date.parse(endedAt)) / 1000;
  return [comparedFinding({ name: `${file}, ${plural(told.data.rows, 'row')}`, ageSeconds, different: 0 })];
}

/** Why an equal result says nothing of all rows of all sinks. */
function lacksOf(report: z.output<typeof reportSchema>, expected: ExpectedTables): readonly string[] {
  const { result, rows, offline, scope, asked, tables } = report;
  const isPart = scope.where !== null || scope.keys !== null || scope.sample !== null;
  const known = tables.flatMap(({ table, compared, sinks }) =>
    compared ? Object.keys(sinks).map((sink) => ({ sink, table })) : [],
  );
  const failed = tables.filter(({ table, compared }) => !compared && !expected.leavesRowsOut(table));
  const others = expected.missing(known).filter(({ table }) => failed.every((each) => each.table !== table));
  return [
    ...(result === 'not done' ? ['it could not be settled whether the sinks are equal'] : []),
    ...(rows === 0 ? ['no row was compared'] : []),
    ...(isPart ? ['only a part of the rows was compared'] : []),
    ...(asked === undefined ? ['it does not say which tables were asked for'] : []),
    ...(asked !== undefined && asked.tables.length > 0
      ? [`only these tables were asked for: ${asked.tables.join(', ')}`]
      : []),
    ...(offline ? ['it was compared offline'] : []),
    ...(failed.length > 0 ? [`not compared: ${listed(failed.map(({ table }) => table))}`] : []),
    ...(others.length > 0 ? [`not compared: ${listed(others.map(pairName))}`] : []),
  ];
}

const pairName = ({ sink, table }: { readonly sink: string; readonly table: string }): string =>
  `${table} in ${sink}`;

function listed(names: readonly string[]): string {
  const more = names.length - LISTED;
  return `${names.slice(0, LISTED).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
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
  { pipeline }: Pick<SluiceConfig, 'pipeline'>,
  expected: ExpectedTables,
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
  const known = [...ages, ...never].map(({ labels: { sink = '', database = '', table = '' } }) => ({
    sink,
    table: tableIdOf({ database, table }),
  }));
  if (known.length === 0) return [];
  const missing = expected.missing(known).map(pairName);
  return [
    ...(missing.length > 0
      ? [unknown('compare', `no comparison is known of ${listed(missing)}`, COMPARE)]
      : []),
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
