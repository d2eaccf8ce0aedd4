import type { TopicRouting } from '@sluice/envelope';
import { PipelineError, refuseNewer } from '@sluice/runtime';
import { z } from 'zod';

const historyColumns = z.array(
  z.object({
    name: z.string(),
    type: z.string(),
    nullable: z.boolean(),
    charset: z.string().nullable(),
  }),
);

/** Of the record's form; `version` is that of the table. No record of the first form says it. */
const FORMAT = 1;

/** A reader passes over members that it does not know, so that an earlier version can take over (docs/decisions/0013). */
export const historySchema = z.object({
  database: z.string(),
  table: z.string(),
  version: z.number().int().min(1),
  /** As they are published. */
  columns: historyColumns,
  keyColumns: z.array(z.string()),
  /** The table itself and what was made of it, where that is not the same. */
  source: z
    .object({
      columns: historyColumns,
      keyColumns: z.array(z.string()),
      plan: z.string(),
      /** Which rows are published; not there when all are. */
      condition: z.string().exactOptional(),
    })
    .exactOptional(),
  /** Generated columns that are not published. */
  leftOut: z.array(z.string()).readonly().exactOptional(),
  /** `TopicRouting.text` of the topics that it was published in, where that is not the one of strategy `table`. */
  routing: z.string().exactOptional(),
  /** Sequence from which on the version holds. */
  sequence: z.string(),
});

/** A record of the schema-history topic: one version of one table's shape. */
export type SchemaHistoryRecord = z.infer<typeof historySchema>;

/** Throws RECORD_TOO_NEW or SCHEMA_HISTORY_CORRUPT. */
export function parseHistoryRecord(value: Buffer): SchemaHistoryRecord {
  try {
    const written: unknown = JSON.parse(value.toString());
    refuseNewer('A record of the schema history', (written as { format?: unknown } | null)?.format, FORMAT);
    return historySchema.parse(written);
  } catch (error) {
    if (error instanceof PipelineError) throw error;
    throw new PipelineError(
      'SCHEMA_HISTORY_CORRUPT',
      'A record of the schema-history topic cannot be read.',
      { cause: error },
    );
  }
}

const BY_TABLE = '{database}.{table}';

/** As the schema history has it: null for what goes without saying. */
export function routingText({ text }: TopicRouting): string | null {
  return text === BY_TABLE ? null : text;
}

/** `TopicRouting.text` of the topics that the version was published in. */
export function routingTextOf({ routing = BY_TABLE }: SchemaHistoryRecord): string {
  return routing;
}
