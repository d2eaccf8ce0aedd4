import { PipelineError } from '@sluice/runtime';
import { z } from 'zod';
import {
  captureTable,
  shapeText,
  tableId,
  tableTopic,
  type CapturedTable,
  type TableShape,
} from './table.ts';

const historySchema = z.strictObject({
  database: z.string(),
  table: z.string(),
  version: z.number().int().min(1),
  columns: z.array(
    z.strictObject({
      name: z.string(),
      type: z.string(),
      nullable: z.boolean(),
      charset: z.string().nullable(),
    }),
  ),
  keyColumns: z.array(z.string()),
  /** Generated columns that are not published. */
  leftOut: z.array(z.string()).readonly().exactOptional(),
  /** Sequence from which on the version holds. */
  sequence: z.string(),
});

/** A record of the schema-history topic: one version of one table's shape. */
export type SchemaHistoryRecord = z.infer<typeof historySchema>;

export function parseHistoryRecord(value: Buffer): SchemaHistoryRecord {
  try {
    return historySchema.parse(JSON.parse(value.toString()));
  } catch (error) {
    throw new PipelineError(
      'SCHEMA_HISTORY_CORRUPT',
      'A record of the schema-history topic cannot be read.',
      { cause: error },
    );
  }
}

/** What became of a shape: known already, or the first or a further version of its table. */
export interface Registration {
  readonly table: CapturedTable;
  readonly change: 'none' | 'create' | 'additive' | 'breaking';
}

interface Newest {
  readonly version: number;
  readonly shape: TableShape;
  /** Made at the first use: only then the topic must exist. */
  captured: CapturedTable | null;
}

/** The newest version of every table ever captured, and the partitions of the topics. */
export class TableRegistry {
  readonly #prefix: string;
  readonly #partitions = new Map<string, number>();
  readonly #newest = new Map<string, Newest>();

  constructor(prefix: string) {
    this.#prefix = prefix;
  }

  setPartitions(topic: string, partitions: number): void {
    this.#partitions.set(topic, partitions);
  }

  hasTopic(topic: string): boolean {
    return this.#partitions.has(topic);
  }

  /** Takes over a version from the schema history; later records win. */
  restore(record: SchemaHistoryRecord): void {
    const id = tableId(record.database, record.table);
    this.#newest.set(id, { version: record.version, shape: record, captured: null });
  }

  /** The newest shape of every table. */
  *shapes(): Generator<TableShape> {
    for (const { shape } of this.#newest.values()) yield shape;
  }

  /** The newest shape of a table; null when there is none yet. */
  shapeOf(database: string, table: string): TableShape | null {
    return this.#newest.get(tableId(database, table))?.shape ?? null;
  }

  /** The version that this shape is; a new one when it differs from the newest. */
  register(shape: TableShape): Registration {
    const id = tableId(shape.database, shape.table);
    const known = this.#newest.get(id);
    if (known !== undefined && shapeText(known.shape) === shapeText(shape)) {
      known.captured ??= this.#capture(known.shape, known.version);
      return { table: known.captured, change: 'none' };
    }
    const version = (known?.version ?? 0) + 1;
    const table = this.#capture(shape, version);
    this.#newest.set(id, { version, shape, captured: table });
    return { table, change: known === undefined ? 'create' : classifyChange(known.shape, shape) };
  }

  /** The newest version of a table by its name in a statement; null when it is not known or its topic is not prepared. */
  find(database: string, table: string, ignoresCase: boolean): CapturedTable | null {
    const exact = this.#newest.get(tableId(database, table));
    const found = exact ?? (ignoresCase ? this.#findIgnoringCase(database, table) : undefined);
    if (found === undefined || !this.hasTopic(this.topicOf(found.shape.database, found.shape.table)))
      return null;
    found.captured ??= this.#capture(found.shape, found.version);
    return found.captured;
  }

  #findIgnoringCase(database: string, table: string): Newest | undefined {
    const wanted = tableId(database, table).toLowerCase();
    for (const [id, newest] of this.#newest) if (id.toLowerCase() === wanted) return newest;
    return undefined;
  }

  topicOf(database: string, table: string): string {
    return tableTopic(this.#prefix, database, table);
  }

  #capture(shape: TableShape, version: number): CapturedTable {
    const { database, table, columns, keyColumns, leftOut = [] } = shape;
    const topic = this.topicOf(database, table);
    const partitions = this.#partitions.get(topic);
    if (partitions === undefined) {
      throw new PipelineError('TOPIC_UNKNOWN', `Topic ${topic} was not prepared before its table was used.`);
    }
    return captureTable({ database, table, columns, keyColumns, leftOut }, version, topic, partitions);
  }
}

/** Additive: every old column is still there as it was, and the key is the same. */
function classifyChange(old: TableShape, shape: TableShape): 'additive' | 'breaking' {
  const now = new Map(shape.columns.map((column) => [column.name, column]));
  const kept = old.columns.every((column) => {
    const other = now.get(column.name);
    return (
      other?.type === column.type && other.nullable === column.nullable && other.charset === column.charset
    );
  });
  return kept && old.keyColumns.join('\0') === shape.keyColumns.join('\0') ? 'additive' : 'breaking';
}
