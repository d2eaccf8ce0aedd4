import { z } from 'zod';

const count = z.int().min(0);
/** JSON in canonical form. */
const value = z.string();

export const REPORT_VERSION = 3;
/** Differences that a report holds; all are counted. */
export const LISTED_MAX = 10_000;

const sinkCounts = z.strictObject({
  /** Rows of the source that were looked for in the sink. */
  compared: count,
  equal: count,
  different: count,
  missing: count,
  extra: count,
  notSettled: count,
});

const differenceSchema = z.strictObject({
  sink: z.string(),
  /** `database.table` */
  table: z.string(),
  kind: z.enum(['different', 'missing', 'extra']),
  /** What the sink calls the row. */
  place: z.string(),
  /** Values by column; null where a row of the store does not tell. */
  key: z.record(z.string(), value).nullable(),
  /** `absent`, or `present` for a column that the source has not. */
  columns: z.array(z.strictObject({ column: z.string(), source: value, sink: value })),
});

/** What was found of one table. */
export const tableFindingsSchema = z.strictObject({
  table: z.string(),
  /** False: nothing of it was compared; the remarks say why. */
  compared: z.boolean(),
  /** Columns, and other things, that were not compared. */
  remarks: z.array(z.string()),
  sinks: z.record(z.string(), sinkCounts),
});
export const differencesSchema = z.array(differenceSchema);
export const notSettledSchema = z.array(
  z.strictObject({
    sink: z.string(),
    table: z.string(),
    place: z.string(),
    why: z.string(),
  }),
);

/** As they were asked for; none: all. */
export const askedSchema = z.strictObject({ tables: z.array(z.string()), sinks: z.array(z.string()) });

/** What `sluice compare` has found: version, pipeline, times and position say what it may be taken for. */
export const compareReportSchema = z.strictObject({
  report: z.literal('compare'),
  version: z.literal(REPORT_VERSION),
  sluice: z.string(),
  pipeline: z.string(),
  /** Compared without Kafka, and without a look at how far a sink is. */
  offline: z.boolean(),
  startedAt: z.iso.datetime(),
  endedAt: z.iso.datetime(),
  /** End of the source's binlog when it began; null where it was not known. */
  position: z.strictObject({ file: z.string(), position: count, gtidSet: z.string().nullable() }).nullable(),
  /** From which sequence on the columns and the key of each table held that it was compared by; nothing of an offline comparison. */
  schemas: z.record(z.string(), z.string()),
  scope: z.strictObject({
    where: z.string().nullable(),
    keys: z.string().nullable(),
    sample: count.nullable(),
  }),
  /** Absent in the reports of versions that did not tell. */
  asked: askedSchema.optional(),
  result: z.enum(['equal', 'different', 'not done']),
  rows: count,
  tables: z.array(tableFindingsSchema),
  differences: differencesSchema,
  notSettled: notSettledSchema,
  /** Entries of the two lists above that are only counted. */
  unlisted: count,
});

export type CompareReport = z.infer<typeof compareReportSchema>;
export type SinkCounts = z.infer<typeof sinkCounts>;
/** What a comparison itself tells. */
export type RunningFindings = Pick<
  CompareReport,
  'result' | 'rows' | 'tables' | 'differences' | 'notSettled' | 'unlisted'
>;
