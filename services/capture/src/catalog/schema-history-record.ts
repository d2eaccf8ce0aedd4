import type { TopicRouting } from '@sluice/envelope';
import { PipelineError, refuseNewer } from '@sluice/runtime';
import { z } from 'zod';
import type { TablePublication } from '../model/publication.ts';

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
  /** How it was published (`routingBy`), where that is not strategy `table` by whole keys. */
  routing: z.string().exactOptional(),
  /** Sequence from which on the version holds. */
  sequence: z.string(),
});

/** A record of the schema-history topic: one version of one table's schema. */
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

/** What is behind it are the columns of the key that decide on partitions. No name of a topic has a blank. */
const BY_COLUMNS = ' by ';

/** Rows that were published by equal texts are in the same topics and partitions. */
export function routingBy({ text }: TopicRouting, { partitionBy }: TablePublication): string {
  return partitionBy === null ? text : text + BY_COLUMNS + JSON.stringify(partitionBy);
}

/** `TopicRouting.text` of it. */
export function topicsIn(routing: string): string {
  return routing.split(BY_COLUMNS, 1)[0] ?? routing;
}

/** As the schema history has it: null for what goes without saying. */
export function routingText(routing: string): string | null {
  return routing === BY_TABLE ? null : routing;
}

/** How the version was published, as `routingBy` tells it. */
export function routingTextOf({ routing = BY_TABLE }: SchemaHistoryRecord): string {
  return routing;
}
