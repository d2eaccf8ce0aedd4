import { tableId, type Sequence, type TableName, type TopicRouting } from '@sluice/envelope';
import { PipelineError } from '@sluice/runtime';
import type { TablePublication } from '../model/publication.ts';
import { captureTable, type CapturedTable, type TablePlace, type TableSchema } from '../model/table.ts';
import { NO_SHAPING, type PublicationCompiler } from '../transform/publication-compiler.ts';
import { AdmittedTables } from './admitted-tables.ts';
import { routingBy, type SchemaHistoryRecord } from './schema-history-record.ts';
import {
  classifyChange,
  conditionText,
  isOfSchema,
  isPublishedAs,
  planText,
  publishedForm,
  restoredVersion,
  type TableVersion,
} from './table-version.ts';

/** What became of a schema: known already, or the first or a further version of its table. */
export interface Registration {
  readonly table: CapturedTable;
  readonly change: 'none' | 'create' | 'additive' | 'breaking';
  /** Sequence of the newest change of its columns that was known before; '' where there was none. */
  readonly previousChange: Sequence;
}

/** The newest version of every table ever captured, and where the records of the present ones go. */
export class TableRegistry {
  readonly routing: TopicRouting;
  readonly #compiler: PublicationCompiler;
  readonly #admitted: AdmittedTables;
  readonly #newest = new Map<string, TableVersion>();

  constructor(routing: TopicRouting, compiler: PublicationCompiler = NO_SHAPING) {
    this.routing = routing;
    this.#compiler = compiler;
    this.#admitted = new AdmittedTables(routing);
  }

  /**
   * From now on the table may be published: its topics are there.
   * @param partitions that all of its topics have
   */
  admit(database: string, table: string, partitions: number): void {
    this.#admitted.add(database, table, partitions);
  }

  isAdmitted(database: string, table: string): boolean {
    return this.#admitted.has(database, table);
  }

  /** The tables that may be published. */
  admitted(): Iterable<TableName> {
    return this.#admitted;
  }

  /** Topics of admitted tables. */
  get topics(): ReadonlySet<string> {
    return this.#admitted.topics;
  }

  /** Throws CONFIG_INVALID when a name would be longer than Kafka allows. */
  placeOf(database: string, table: string): TablePlace {
    return this.#admitted.placeOf(database, table);
  }

  /** Takes over a version from the schema history; later records win. */
  restore(record: SchemaHistoryRecord): void {
    this.#newest.set(tableId(record.database, record.table), restoredVersion(record));
  }

  #newestOf(database: string, table: string): TableVersion | null {
    return this.#newest.get(tableId(database, table)) ?? null;
  }

  /** What the settings make of a schema. Throws TABLE_SHAPE_REFUSED. */
  compile(schema: TableSchema): TablePublication {
    return this.#compiler.compile(schema);
  }

  /** As `compile`; null when the settings cannot be applied to the schema. */
  publicationOf(schema: TableSchema): TablePublication | null {
    try {
      return this.compile(schema);
    } catch (error) {
      if (error instanceof PipelineError) return null;
      throw error;
    }
  }

  /** The setting that hides something of a table and would no longer do so under another name; null when there is none. */
  exposedBy(from: TableName, to: TableName): string | null {
    return this.#compiler.exposedBy(from, to, this.schemaOf(from.database, from.table));
  }

  /** Published names of the key columns of a table's newest version; null when there is none. */
  publishedKeyOf(database: string, table: string): readonly string[] | null {
    return this.#newestOf(database, table)?.published.keyColumns ?? null;
  }

  /** Whether the newest version of a table was published by other settings of its columns than those of now. */
  isShapedOtherwise(database: string, table: string): boolean {
    return this.#differs(database, table, ({ plan }, publication) => plan === planText(publication));
  }

  /** Whether the newest version of a table was published by another row condition than that of now. */
  hasOtherCondition(database: string, table: string): boolean {
    return this.#differs(
      database,
      table,
      ({ condition }, publication) => condition === conditionText(publication),
    );
  }

  /** Settings that cannot be applied to the newest version are others than those it was published by. */
  #differs(
    database: string,
    table: string,
    isSame: (known: TableVersion, publication: TablePublication) => boolean,
  ): boolean {
    const known = this.#newestOf(database, table);
    if (known === null) return false;
    const publication = this.publicationOf(known.schema);
    return publication === null || !isSame(known, publication);
  }

  /** The id of the key that values of a table's newest version were hashed by; null when none is hashed, then or now. */
  hashedBy({ database, table }: TableName): string | null {
    const known = this.#newestOf(database, table);
    if (known === null || known.plan === '') return null;
    const { plan } = this.publicationOf(known.schema) ?? { plan: null };
    if (plan?.columns.some(({ step }) => step.kind === 'hash') !== true) return null;
    const [, id] = JSON.parse(known.plan) as readonly unknown[];
    return typeof id === 'string' ? id : null;
  }

  /** How a table would be published now, as `routingOf` tells it; null when the settings cannot be applied to its newest version. */
  routingNow(database: string, table: string): string | null {
    const schema = this.schemaOf(database, table);
    const publication = schema === null ? null : this.publicationOf(schema);
    return publication === null ? null : routingBy(this.routing, publication);
  }

  /** How a table was published last, as `routingBy` tells it; null when it never was. */
  routingOf(database: string, table: string): string | null {
    return this.#newestOf(database, table)?.routing ?? null;
  }

  /** The newest schema of every table. */
  *schemas(): Generator<TableSchema> {
    for (const { schema } of this.#newest.values()) yield schema;
  }

  /** The tables of a database that are known. */
  tablesOf(database: string): readonly TableName[] {
    return [...this.schemas()].filter((schema) => schema.database === database);
  }

  /** The newest schema of a table; null when there is none yet. */
  schemaOf(database: string, table: string): TableSchema | null {
    return this.#newestOf(database, table)?.schema ?? null;
  }

  /** From which sequence on the newest version of a table holds; null when there is none yet. */
  newestSince(database: string, table: string): Sequence | null {
    return this.#newestOf(database, table)?.sequence ?? null;
  }

  /** What of its table `register` would say that the schema changes, if the settings are as they were. */
  changeBy(schema: TableSchema): Registration['change'] {
    const known = this.#newestOf(schema.database, schema.table);
    if (known === null) return 'create';
    if (isOfSchema(known, schema)) return 'none';
    return classifyChange(known.published, publishedForm(this.compile(schema), schema));
  }

  /**
   * The version that this schema is; a new one when it differs from the newest.
   * @param since from which sequence on a new one holds
   */
  register(schema: TableSchema, since: () => Sequence = () => ''): Registration {
    const known = this.#newestOf(schema.database, schema.table);
    const isSameSchema = known !== null && isOfSchema(known, schema);
    const previousChange = known !== null && known.version > 1 ? known.sequence : '';
    if (isSameSchema && known.captured !== null)
      return { table: known.captured, change: 'none', previousChange };
    const publication = this.compile(schema);
    if (isSameSchema && isPublishedAs(known, publication)) {
      known.captured = this.#capture(known.schema, known.version, publication);
      return { table: known.captured, change: 'none', previousChange };
    }
    if (known !== null) this.#compiler.checkSuccession(known.schema, schema);
    const table = this.#capture(schema, (known?.version ?? 0) + 1, publication);
    this.#note(schema, table, since());
    const change = known === null ? 'create' : classifyChange(known.published, table);
    return { table, change, previousChange };
  }

  #note(schema: TableSchema, table: CapturedTable, sequence: Sequence): void {
    const { version, publication } = table;
    this.#newest.set(tableId(schema.database, schema.table), {
      version,
      sequence,
      schema,
      published: table,
      plan: planText(publication),
      condition: conditionText(publication),
      routing: routingBy(this.routing, publication),
      captured: table,
    });
  }

  /** The newest version of a table; null when it is not known or it is not admitted. */
  find(database: string, table: string): CapturedTable | null {
    const found = this.#newestOf(database, table);
    if (found === null || !this.isAdmitted(database, table)) return null;
    if (found.captured !== null) return found.captured;
    const publication = this.compile(found.schema);
    const captured = this.#capture(found.schema, found.version, publication);
    if (isPublishedAs(found, publication)) found.captured = captured;
    return captured;
  }

  /**
   * The name as the server keeps it, of a table that a statement may write in any case: as it is known, or in lower case, which
   * is how `lower_case_table_names` = 1 keeps it.
   */
  spelled(name: TableName): TableName {
    const wanted = tableId(name.database, name.table).toLowerCase();
    for (const [id, { schema }] of this.#newest)
      if (id.toLowerCase() === wanted) return { database: schema.database, table: schema.table };
    return { database: name.database.toLowerCase(), table: name.table.toLowerCase() };
  }

  #capture(schema: TableSchema, version: number, publication: TablePublication): CapturedTable {
    const { database, table, columns, keyColumns, leftOut = [] } = schema;
    const place = this.placeOf(database, table);
    const partitions = this.#admitted.partitionsOf(database, table);
    const whole = { database, table, columns, keyColumns, leftOut };
    return captureTable(whole, version, place, partitions, publication);
  }
}
