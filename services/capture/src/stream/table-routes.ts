import { describedColumns, type TableMap } from '@sluice/binlog';
import { parseTableId, type Sequence, tableId, tableIdOf, type TableName } from '@sluice/envelope';
import { PipelineError } from '@sluice/runtime';
import { setGlobal } from '../source/set-global.ts';
import type { TablePublication } from '../model/publication.ts';
import type { TableFilter } from '../model/table-filter.ts';
import {
  routingText,
  type Registration,
  type SchemaHistoryRecord,
  type TableRegistry,
} from '../catalog/table-registry.ts';
import { schemaColumns, type CapturedTable, type TableShape } from '../model/table.ts';
import { isRowHash, type ColumnCatalog } from '../catalog/column-catalog.ts';
import type { SchemaHistory } from '../catalog/schema-history.ts';
import { writeSchema } from '../encode/control-writer.ts';
import { encoderFor } from '../encode/shaped-encoder.ts';
import type { TableEncoder } from '../encode/table-encoder.ts';
import { TableRoute } from './table-route.ts';
import type { TableWork, TableWorkQueue } from './table-work.ts';
import { isSequenceTable } from '../catalog/sequence-table.ts';
import type { DdlChange } from '../ddl/ddl-change.ts';
import type { LoggedStatement } from '../ddl/ddl.ts';
import { nameChanges } from '../ddl/name-changes.ts';
import type { DdlPolicies } from '../ddl/ddl-policies.ts';
import type { SchemaChangeContext } from '../encode/schema-change-context.ts';

export interface TableRoutesOptions {
  readonly history: SchemaHistory;
  readonly serverName: string;
  readonly filter: TableFilter;
  readonly registry: TableRegistry;
  /** `source.keys`: key columns of tables without a primary key, by `database.table`. */
  readonly configuredKeys: Readonly<Record<string, readonly string[]>>;
  /** Whether the server takes table names that differ in case only for the same (`lower_case_table_names`). */
  readonly ignoresCase: boolean;
  readonly columnCatalog: ColumnCatalog;
  /** Takes what is learned of tables. */
  readonly work: TableWorkQueue;
  readonly policies: DdlPolicies;
  /** Whether a table waits for an operator, by `database.table`: its rows are passed over. */
  readonly isStopped: (id: string) => boolean;
  /** Whether a table cannot be captured as it was last seen: each of its maps is looked at before a row is published. */
  readonly isRefused: (id: string) => boolean;
  /** Where the newest statement stands after which a table's columns may be other than before, by `database.table`. */
  readonly lastChange: (id: string) => Sequence | null;
  /** Whether it matters that a DDL may take a trigger, a view or a foreign key away. */
  readonly isUnsure: () => boolean;
}

/** DDL that only makes something, is about temporary tables or accounts. */
const TAKES_NOTHING =
  /^(?:\s|\/\*(?!M?!)[\s\S]*?\*\/)*(?:CREATE\s+(?!OR\b)|DROP\s+(?:\/\*!\d+\s*)?TEMPORARY\b|(?:ALTER|DROP|RENAME)\s+(?:USER|ROLE)\b)/iu;

/**
 * From the binlog's table maps to routes. A table without a topic, or with columns whose types must be asked for, is work
 * that is seen to before the next event: no row of it can be decoded before.
 */
export class TableRoutes {
  readonly #options: TableRoutesOptions;
  readonly #byName = new Map<string, TableRoute>();
  #byMap = new WeakMap<TableMap, TableRoute | null>();
  #lastMap: TableMap | null = null;
  #lastRoute: TableRoute | null = null;
  /** Tables that the stream has seen being made, and whether all their rows are in the stream. */
  readonly #created = new Map<string, boolean>();
  /** Names that tables have lost in this session, and that no other has got since. */
  readonly #gone = new Set<string>();
  #ddlsPassed = 0;

  constructor(options: TableRoutesOptions) {
    this.#options = options;
  }

  /** DDL statements passed: what is known of a table's columns from elsewhere is good as long as it stays the same. */
  get ddlsPassed(): number {
    return this.#ddlsPassed;
  }

  /** Gives a new or changed table map its route, or lets it wait for its topic. */
  meet(map: TableMap, announcement: () => SchemaChangeContext): void {
    if (this.#isPassedOver(map)) {
      this.#byMap.set(map, null);
      return;
    }
    if (!map.fullMetadata) throw metadataMissing(map);
    const { registry, columnCatalog } = this.#options;
    const isSettled = !columnCatalog.lacks(map) && !this.hasOtherKey(map) && this.unseenChange(map) === null;
    const isReady =
      isSettled &&
      registry.isAdmitted(map.database, map.table) &&
      !this.hasLostName(map) &&
      !this.#options.isRefused(tableId(map.database, map.table));
    if (isReady) this.settle(map, announcement);
    else this.#options.work.add({ kind: 'unknown-map', map });
  }

  /** Names of the columns that tell the rows of this map apart; none when nothing does. */
  keyOf({ database, table, columns, primaryKey }: TableMap): readonly string[] {
    const configured = this.#options.configuredKeys[tableId(database, table)];
    return configured ?? primaryKey.map((ordinal) => columns[ordinal]?.name ?? '');
  }

  /** Whether the table has lost its key or got another one: perhaps it cannot be captured any more. */
  hasOtherKey(map: TableMap): boolean {
    if (this.isKeyless(map)) return true;
    const known = this.#options.registry.shapeOf(map.database, map.table);
    const key = this.keyOf(map);
    return known !== null && key.join('\0') !== known.keyColumns.join('\0');
  }

  /** Whether nothing tells the rows of this map apart: no key, or a configured one with columns that it does not have. */
  isKeyless(map: TableMap): boolean {
    const key = this.keyOf(map);
    return key.length === 0 || key.some((name) => !map.columns.some((column) => column.name === name));
  }

  /**
   * What became of the table's columns since its newest version without a statement that the stream has seen
   * (`sql_log_bin` = 0, a replication filter); null when they are the same, or a statement explains it.
   */
  unseenChange(map: TableMap): 'additive' | 'breaking' | null {
    const { registry, lastChange } = this.#options;
    const { database, table } = map;
    const since = registry.newestSince(database, table);
    if (since === null || !map.fullMetadata) return null;
    const change = registry.changeBy(this.shapeOf(map));
    if (change !== 'additive' && change !== 'breaking') return null;
    return (lastChange(tableId(database, table)) ?? '') > since ? null : change;
  }

  #isPassedOver(map: TableMap): boolean {
    const { configuredKeys, isStopped } = this.#options;
    const { database, table } = map;
    const id = tableId(database, table);
    if (!this.captures(database, table) || isStopped(id)) return true;
    return configuredKeys[id] === undefined && isSequenceTable(map);
  }

  /** From now on no row of the table is published; it owes a snapshot when it goes on. */
  stop(map: TableMap): void {
    this.#byMap.set(map, null);
    this.#lastMap = null;
    this.#options.work.add({ kind: 'stopped', table: { database: map.database, table: map.table } });
  }

  /** The rows of a table map that waits are not published. */
  passOver(map: TableMap): void {
    this.#byMap.set(map, null);
  }

  /** Gives a table map its route; topics and types must be known by now. */
  settle(map: TableMap, announcement: () => SchemaChangeContext): void {
    this.#byMap.set(map, this.open(this.shapeOf(map), announcement));
    this.#lastMap = null;
  }

  /** The shape that rows of this map have; what the map does not tell must be known by now. */
  shapeOf(map: TableMap): TableShape {
    const { database, table } = map;
    const facts = this.#options.columnCatalog.factsOf(map);
    const columns = schemaColumns(describedColumns(map.columns, facts));
    const leftOut = map.columns.flatMap(({ name }) =>
      facts.leftOut.has(name) && !isRowHash(name) ? [name] : [],
    );
    return { database, table, columns, keyColumns: this.keyOf(map), leftOut };
  }

  /** The route of a shape that the stream has rows of now, or that is not known at all yet. */
  open(shape: TableShape, announcement: () => SchemaChangeContext): TableRoute {
    const table = this.#register(shape, announcement);
    const id = tableId(shape.database, shape.table);
    const route = this.#byName.get(id);
    if (route === undefined) {
      const created = new TableRoute(encoderFor(table, this.#options.serverName));
      this.#byName.set(id, created);
      return created;
    }
    if (route.encoder.table !== table) {
      route.encoder = encoderFor(table, this.#options.serverName);
      if (route.recorder !== null) route.recorder.disturbed = true;
    }
    return route;
  }

  /**
   * The route of a table whose rows are about to be read, its newest version told in every partition, whether it was told before
   * or not: a reader may come when the first record has expired, or have lost what it made of it.
   * @param shape for a table that is not known yet
   */
  announced(shape: TableShape, announcement: () => SchemaChangeContext): TableRoute {
    const { database, table } = shape;
    const known = this.#options.registry.shapeOf(database, table);
    if (known !== null) this.#tell(known, announcement);
    return this.byName(database, table) ?? this.open(shape, announcement);
  }

  #tell(shape: TableShape, announcement: () => SchemaChangeContext): void {
    const registration = this.#options.registry.register(shape);
    const { table, change } = registration;
    const { buffer, point } = announcement();
    if (change === 'none') writeSchema(buffer, table, 'create', point);
    else this.#announce(registration, { buffer, point });
  }

  /** For rows from elsewhere than the stream: its own encoder stays the one that its table map asks for. */
  encoderOf(shape: TableShape, announcement: () => SchemaChangeContext): TableEncoder {
    const table = this.#register(shape, announcement);
    const encoder = this.#byName.get(tableId(shape.database, shape.table))?.encoder;
    return encoder?.table === table ? encoder : encoderFor(table, this.#options.serverName);
  }

  /** A version not seen before is announced in the topic and in the schema history. */
  #register(shape: TableShape, announcement: () => SchemaChangeContext): CapturedTable {
    const since = (): Sequence => announcement().point.sequence;
    const registration = this.#options.registry.register(shape, since);
    if (registration.change !== 'none') this.#announce(registration, announcement());
    return registration.table;
  }

  /** Null for a table that is not captured. On the hot path: events of one table come in runs. */
  of(map: TableMap): TableRoute | null {
    if (map === this.#lastMap) return this.#lastRoute;
    const route = this.#byMap.get(map);
    if (route === undefined) {
      throw new PipelineError(
        'TOPIC_UNKNOWN',
        `Rows of ${tableId(map.database, map.table)} arrived before its table map was resolved.`,
      );
    }
    this.#lastMap = map;
    this.#lastRoute = route;
    return route;
  }

  /** The route of a table that a statement names, whether the stream has met its rows in this session or not. */
  byName(database: string, table: string): TableRoute | null {
    const { registry, serverName } = this.#options;
    const known = registry.find(database, table);
    if (known === null || !this.captures(database, table)) return null;
    const id = tableId(database, table);
    const route = this.#byName.get(id) ?? new TableRoute(encoderFor(known, serverName));
    this.#byName.set(id, route);
    return route;
  }

  /** What the settings make of a shape. Throws TABLE_SHAPE_REFUSED. */
  compile(shape: TableShape): TablePublication {
    return this.#options.registry.compile(shape);
  }

  captures(database: string, table: string): boolean {
    return this.#options.filter.captures(database, table);
  }

  get all(): IterableIterator<TableRoute> {
    return this.#byName.values();
  }

  /**
   * A DDL makes every chunk that is being read worthless: it is not known which table it changed.
   * @returns whether it makes a table: one that is made if it is missing is new when the stream has seen the name given up
   */
  noteDdl(change: DdlChange, statement: Pick<LoggedStatement, 'sql' | 'sqlMode'>): boolean {
    const { work, isUnsure } = this.#options;
    this.#ddlsPassed++;
    if (isUnsure() && !TAKES_NOTHING.test(statement.sql)) work.add({ kind: 'answers-doubtful' });
    this.#noteColumns(change, statement);
    const isNew = this.#noteCreated(change);
    this.#noteGone(change);
    // What was read under a name that is given up is worth nothing, before the name has another table.
    if (change.created !== null) this.#learn({ kind: 'created', table: change.created, isNew });
    for (const { to } of change.renamed) this.#learn({ kind: 'renamed', table: to });
    for (const table of change.altered) {
      const id = tableIdOf(table);
      if (this.#created.has(id)) this.#created.set(id, false);
      this.#learn({ kind: 'altered', table });
    }
    for (const { recorder } of this.#byName.values()) if (recorder !== null) recorder.disturbed = true;
    return isNew;
  }

  /** Of a table whose name another has got the server alone tells the columns. */
  #noteColumns(
    { created, renamed, altered }: DdlChange,
    statement: Pick<LoggedStatement, 'sql' | 'sqlMode'>,
  ): void {
    const { work, columnCatalog } = this.#options;
    const others = [...(created === null ? [] : [created]), ...renamed.map(({ to }) => to)];
    const note = (table: TableName, alter: typeof statement | null): void => {
      if (columnCatalog.mayRenew(table)) work.add({ kind: 'columns', table, alter });
    };
    for (const table of others) note(table, null);
    for (const table of altered) note(table, statement);
  }

  #noteCreated({ created, ...change }: DdlChange): boolean {
    if (created === null) return false;
    const id = tableId(created.database, created.table);
    const isNew = this.#gone.delete(id) || change.isNew;
    this.#created.set(id, isNew);
    return isNew;
  }

  #learn(work: Extract<TableWork, { readonly table: TableName }>): void {
    if (this.captures(work.table.database, work.table.table)) this.#options.work.add(work);
  }

  #noteGone(change: DdlChange): void {
    const { registry, work } = this.#options;
    if (change.droppedDatabase !== null)
      work.add({ kind: 'database-dropped', database: change.droppedDatabase });
    for (const { table, isGone } of nameChanges(change, (database) => registry.tablesOf(database))) {
      const id = tableId(table.database, table.table);
      if (!isGone) {
        this.#gone.delete(id);
        continue;
      }
      this.#gone.add(id);
      this.#created.delete(id);
      this.#learn({ kind: 'dropped', table });
    }
  }

  /** The name that table maps have for a table, by the one that a statement gives it. */
  readonly spelling = (name: TableName): TableName =>
    this.#options.ignoresCase ? this.#options.registry.spelled(name) : name;

  /** Whether a statement has taken the table's name away, and none has given it to another since. */
  hasLostName({ database, table }: TableName): boolean {
    return this.#gone.has(tableId(database, table));
  }

  /** Whether the stream has seen the table being made, empty, and nothing since that may have brought rows: it has them all then. */
  wasCreated(database: string, table: string): boolean {
    return this.#created.get(tableId(database, table)) === true;
  }

  /** Captured tables that the stream has seen being made, and of which it has met no row. */
  createdUnmet(): TableName[] {
    const { registry } = this.#options;
    return [...this.#created.keys()]
      .map(parseTableId)
      .filter(
        ({ database, table }) => this.captures(database, table) && !registry.isAdmitted(database, table),
      );
  }

  #announce(registration: Registration, { buffer, point }: SchemaChangeContext): void {
    const { table, change } = registration;
    const { database, table: name, version, columns, keyColumns, shape, publication } = table;
    const { leftOut = [] } = shape;
    const source = sourceOf(shape, publication);
    const routing = routingText(this.#options.registry.routing);
    const record: SchemaHistoryRecord = {
      database,
      table: name,
      version,
      columns: [...columns],
      keyColumns: [...keyColumns],
      ...(source === null ? {} : { source }),
      ...(leftOut.length > 0 ? { leftOut } : {}),
      ...(routing === null ? {} : { routing }),
      sequence: point.sequence,
    };
    const { policies, history } = this.#options;
    history.append(buffer, record, point.capturedAt);
    if (change === 'create') writeSchema(buffer, table, change, point);
    else if (change !== 'none') writeSchema(buffer, table, change, point, policies[change]);
  }
}

/** The table itself, where not all of it is published as it is. */
function sourceOf(
  { columns, keyColumns }: TableShape,
  { plan, condition }: TablePublication,
): NonNullable<SchemaHistoryRecord['source']> | null {
  if (plan === null && condition === null) return null;
  const made = { columns: [...columns], keyColumns: [...keyColumns], plan: plan?.text ?? '' };
  return condition === null ? made : { ...made, condition: condition.text };
}

function metadataMissing(map: TableMap): PipelineError {
  const id = tableId(map.database, map.table);
  return new PipelineError(
    'BINLOG_METADATA_NOT_FULL',
    `A change of ${id} was written without column names. Run on the source: ${setGlobal("binlog_row_metadata = 'FULL'")}`,
    { context: { table: id } },
  );
}
