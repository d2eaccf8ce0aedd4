import { PipelineError } from '@sluice/runtime';
import { z } from 'zod';
import { captureTable, shapeText, tableId, type CapturedTable, type TableShape } from './table.ts';

const historySchema = z.strictObject({
  database: z.string(),
  table: z.string(),
  version: z.number().int().min(1),
  columns: z.array(
    z.strictObject({ name: z.string(), type: z.string(), nullable: z.boolean(), charset: z.string().nullable() }),
  ),
  keyColumns: z.array(z.string()),
  /** Sequence from which on the version holds. */
  sequence: z.string(),
});

/** A record of the schema-history topic: one version of one table's shape. */
export type SchemaHistoryRecord = z.infer<typeof historySchema>;

export function parseHistoryRecord(value: Buffer): SchemaHistoryRecord {
  try {
    return historySchema.parse(JSON.parse(value.toString()));
  } catch (error) {
    throw new PipelineError('SCHEMA_HISTORY_CORRUPT', 'A record of the schema-history topic cannot be read.', { cause: error });
  }
}

/** What became of a shape: known already, or the first or a further version of its table. */
export interface Registration {
  readonly table: CapturedTable;
  readonly change: 'none' | 'create' | 'additive' | 'breaking';
}

/** The newest version of every captured table, and the partitions of its topic. */
export class TableRegistry {
  readonly #prefix: string;
  readonly #partitions = new Map<string, number>();
  readonly #newest = new Map<string, { readonly table: CapturedTable; readonly shape: string }>();

  constructor(prefix: string) {
    this.#prefix = prefix;
  }

  setPartitions(topic: string, partitions: number): void {
    this.#partitions.set(topic, partitions);
  }

  hasTopic(topic: string): boolean {
    return this.#partitions.has(topic);
  }

  newest(database: string, table: string): CapturedTable | undefined {
    return this.#newest.get(tableId(database, table))?.table;
  }

  /** Takes over a version from the schema history; later records win. */
  restore(record: SchemaHistoryRecord): void {
    this.#set(record, record.version);
  }

  /** The version that this shape is; a new one when it differs from the newest. */
  register(shape: TableShape): Registration {
    const id = tableId(shape.database, shape.table);
    const known = this.#newest.get(id);
    if (known?.shape === shapeText(shape)) return { table: known.table, change: 'none' };
    const table = this.#set(shape, (known?.table.version ?? 0) + 1);
    return { table, change: known === undefined ? 'create' : classifyChange(known.table, shape) };
  }

  #set(shape: TableShape, version: number): CapturedTable {
    const table = captureTable(shape, version, this.#prefix, 1);
    const partitions = this.#partitions.get(table.topic);
    if (partitions === undefined) {
      throw new PipelineError('TOPIC_UNKNOWN', `Topic ${table.topic} was not prepared before its table was used.`);
    }
    const captured = { ...table, partitions };
    this.#newest.set(tableId(shape.database, shape.table), { table: captured, shape: shapeText(shape) });
    return captured;
  }
}

/** Additive: every old column is still there as it was, and the key is the same. */
function classifyChange(old: CapturedTable, shape: TableShape): 'additive' | 'breaking' {
  const now = new Map(shape.columns.map((column) => [column.name, column]));
  const kept = old.columns.every((column) => {
    const other = now.get(column.name);
    return other?.type === column.type && other.nullable === column.nullable && other.charset === column.charset;
  });
  return kept && old.keyColumns.join('\0') === shape.keyColumns.join('\0') ? 'additive' : 'breaking';
}
