import { parseTableId, type Sequence, tableId, type TableName, type TopicRouting } from '@sluice/envelope';
import { PipelineError, refuseNewer } from '@sluice/runtime';
import { z } from 'zod';
import { NO_SHAPING, type PublicationCompiler } from '../transform/publication-compiler.ts';
import type { TablePublication } from '../model/publication.ts';
import {
  captureTable,
  shapeText,
  tablePlace,
  type CapturedTable,
  type TablePlace,
  type TableShape,
} from '../model/table.ts';

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

/** What became of a shape: known already, or the first or a further version of its table. */
export interface Registration {
  readonly table: CapturedTable;
  readonly change: 'none' | 'create' | 'additive' | 'breaking';
}

interface Newest {
  readonly version: number;
  /** From which on the version holds. */
  readonly sequence: Sequence;
  /** As it is in the source. */
  readonly shape: TableShape;
  /** As it is published. */
  readonly published: Pick<TableShape, 'columns' | 'keyColumns'>;
  /** `ColumnPlan.text`; '' when all columns are published as they are. */
  readonly plan: string;
  /** Text of the row condition; '' when all rows are published. */
  readonly condition: string;
  /** `TopicRouting.text` of the topics that it was published in. */
  readonly routing: string;
  /** Made at the first use: only then the topic must exist. */
  captured: CapturedTable | null;
}

/** The newest version of every table ever captured, and where the records of the present ones go. */
export class TableRegistry {
  readonly routing: TopicRouting;
  readonly #compiler: PublicationCompiler;
  /** Partitions of the topics of each table that may be published. A topic may be shared: it says nothing of a table. */
  readonly #admitted = new Map<string, number>();
  readonly #topics = new Set<string>();
  readonly #newest = new Map<string, Newest>();

  constructor(routing: TopicRouting, compiler: PublicationCompiler = NO_SHAPING) {
    this.routing = routing;
    this.#compiler = compiler;
  }

  /**
   * From now on the table may be published: its topics are there.
   * @param partitions that all of its topics have
   */
  admit(database: string, table: string, partitions: number): void {
    this.#admitted.set(tableId(database, table), partitions);
    for (const topic of this.placeOf(database, table).topics) this.#topics.add(topic);
  }

  isAdmitted(database: string, table: string): boolean {
    return this.#admitted.has(tableId(database, table));
  }

  /** The tables that may be published. */
  *admitted(): Generator<TableName> {
    for (const id of this.#admitted.keys()) yield parseTableId(id);
  }

  /** Topics of admitted tables. */
  get topics(): ReadonlySet<string> {
    return this.#topics;
  }

  /** Takes over a version from the schema history; later records win. */
  restore(record: SchemaHistoryRecord): void {
    const id = tableId(record.database, record.table);
    const { version, sequence, source, routing = BY_TABLE } = record;
    const shape = source === undefined ? record : { ...record, ...source };
    this.#newest.set(id, {
      version,
      sequence,
      shape,
      published: record,
      plan: source?.plan ?? '',
      condition: source?.condition ?? '',
      routing,
      captured: null,
    });
  }

  /** What the settings make of a shape. Throws TABLE_SHAPE_REFUSED. */
  compile(shape: TableShape): TablePublication {
    return this.#compiler.compile(shape);
  }

  /** The setting that hides something of a table and would no longer do so under another name; null when there is none. */
  exposedBy(from: TableName, to: TableName): string | null {
    return this.#compiler.exposedBy(from, to, this.shapeOf(from.database, from.table));
  }

  /** Published names of the key columns of a table's newest version; null when there is none. */
  publishedKeyOf(database: string, table: string): readonly string[] | null {
    return this.#newest.get(tableId(database, table))?.published.keyColumns ?? null;
  }

  /** As `compile`; null when the settings cannot be applied to the shape. */
  publicationOf(shape: TableShape): TablePublication | null {
    try {
      return this.compile(shape);
    } catch (error) {
      if (error instanceof PipelineError) return null;
      throw error;
    }
  }

  /** Whether the newest version of a table was published by other settings of its columns than those of now. */
  isShapedOtherwise(database: string, table: string): boolean {
    return this.#differs(database, table, (known, publication) => known.plan === planText(publication));
  }

  /** The id of the key that values of a table's newest version were hashed by; null when none is hashed, then or now. */
  hashedBy({ database, table }: TableName): string | null {
    const known = this.#newest.get(tableId(database, table));
    if (known === undefined || known.plan === '') return null;
    const { plan } = this.publicationOf(known.shape) ?? { plan: null };
    if (plan?.columns.some(({ step }) => step.kind === 'hash') !== true) return null;
    const [, id] = JSON.parse(known.plan) as readonly unknown[];
    return typeof id === 'string' ? id : null;
  }

  /** Whether the newest version of a table was published by another row condition than that of now. */
  hasOtherCondition(database: string, table: string): boolean {
    return this.#differs(
      database,
      table,
      (known, publication) => known.condition === conditionText(publication),
    );
  }

  /** Settings that cannot be applied to the newest version are others than those it was published by. */
  #differs(
    database: string,
    table: string,
    isSame: (known: Newest, publication: TablePublication) => boolean,
  ): boolean {
    const known = this.#newest.get(tableId(database, table));
    if (known === undefined) return false;
    const publication = this.publicationOf(known.shape);
    return publication === null || !isSame(known, publication);
  }

  /** `TopicRouting.text` of the topics that a table was published in last; null when it never was. */
  routingOf(database: string, table: string): string | null {
    return this.#newest.get(tableId(database, table))?.routing ?? null;
  }

  /** The newest shape of every table. */
  *shapes(): Generator<TableShape> {
    for (const { shape } of this.#newest.values()) yield shape;
  }

  /** The tables of a database that are known. */
  tablesOf(database: string): readonly TableName[] {
    return [...this.shapes()].filter((shape) => shape.database === database);
  }

  /** The newest shape of a table; null when there is none yet. */
  shapeOf(database: string, table: string): TableShape | null {
    return this.#newest.get(tableId(database, table))?.shape ?? null;
  }

  /** From which sequence on the newest version of a table holds; null when there is none yet. */
  newestSince(database: string, table: string): Sequence | null {
    return this.#newest.get(tableId(database, table))?.sequence ?? null;
  }

  /** What of its table `register` would say that the shape changes, if the settings are as they were. */
  changeBy(shape: TableShape): Registration['change'] {
    const known = this.#newest.get(tableId(shape.database, shape.table));
    if (known === undefined) return 'create';
    if (shapeText(known.shape) === shapeText(shape)) return 'none';
    const { plan } = this.compile(shape);
    const columns = plan?.columns.map(({ column }) => column) ?? shape.columns;
    return classifyChange(known.published, { columns, keyColumns: plan?.keyColumns ?? shape.keyColumns });
  }

  /**
   * The version that this shape is; a new one when it differs from the newest.
   * @param since from which sequence on a new one holds
   */
  register(shape: TableShape, since: () => Sequence = () => ''): Registration {
    const id = tableId(shape.database, shape.table);
    const known = this.#newest.get(id);
    const isSameShape = known !== undefined && shapeText(known.shape) === shapeText(shape);
    if (isSameShape && known.captured !== null) return { table: known.captured, change: 'none' };
    const publication = this.compile(shape);
    const plan = planText(publication);
    const condition = conditionText(publication);
    if (isSameShape && known.plan === plan && known.condition === condition) {
      known.captured = this.#capture(known.shape, known.version, publication);
      return { table: known.captured, change: 'none' };
    }
    if (known !== undefined) this.#compiler.checkSuccession(known.shape, shape);
    const version = (known?.version ?? 0) + 1;
    const table = this.#capture(shape, version, publication);
    const routing = this.routing.text;
    const sequence = since();
    this.#newest.set(id, {
      version,
      sequence,
      shape,
      published: table,
      plan,
      condition,
      routing,
      captured: table,
    });
    return { table, change: known === undefined ? 'create' : classifyChange(known.published, table) };
  }

  /** The newest version of a table; null when it is not known or it is not admitted. */
  find(database: string, table: string): CapturedTable | null {
    const found = this.#newest.get(tableId(database, table));
    if (found === undefined || !this.isAdmitted(database, table)) return null;
    if (found.captured !== null) return found.captured;
    const publication = this.compile(found.shape);
    const captured = this.#capture(found.shape, found.version, publication);
    if (planText(publication) === found.plan && conditionText(publication) === found.condition)
      found.captured = captured;
    return captured;
  }

  /**
   * The name as the server keeps it, of a table that a statement may write in any case: as it is known, or in lower case, which
   * is how `lower_case_table_names` = 1 keeps it.
   */
  spelled(name: TableName): TableName {
    const wanted = tableId(name.database, name.table).toLowerCase();
    for (const [id, { shape }] of this.#newest)
      if (id.toLowerCase() === wanted) return { database: shape.database, table: shape.table };
    return { database: name.database.toLowerCase(), table: name.table.toLowerCase() };
  }

  /** Throws CONFIG_INVALID when a name would be longer than Kafka allows. */
  placeOf(database: string, table: string): TablePlace {
    return tablePlace(this.routing, database, table);
  }

  #capture(shape: TableShape, version: number, publication: TablePublication): CapturedTable {
    const { database, table, columns, keyColumns, leftOut = [] } = shape;
    const place = this.placeOf(database, table);
    const partitions = this.#admitted.get(tableId(database, table));
    if (partitions === undefined) {
      throw new PipelineError(
        'TOPIC_UNKNOWN',
        `Topic ${place.topic} was not prepared before its table was used.`,
      );
    }
    const whole = { database, table, columns, keyColumns, leftOut };
    return captureTable(whole, version, place, partitions, publication);
  }
}

/** As the schema history has it: null for what goes without saying. */
export function routingText({ text }: TopicRouting): string | null {
  return text === BY_TABLE ? null : text;
}

function conditionText({ condition }: TablePublication): string {
  return condition?.text ?? '';
}

function planText({ plan }: TablePublication): string {
  return plan?.text ?? '';
}

/** Additive: every old column is still there as it was, and the key is the same. */
function classifyChange(old: Newest['published'], shape: Newest['published']): 'additive' | 'breaking' {
  const now = new Map(shape.columns.map((column) => [column.name, column]));
  const kept = old.columns.every((column) => {
    const other = now.get(column.name);
    return (
      other?.type === column.type && other.nullable === column.nullable && other.charset === column.charset
    );
  });
  return kept && old.keyColumns.join('\0') === shape.keyColumns.join('\0') ? 'additive' : 'breaking';
}
