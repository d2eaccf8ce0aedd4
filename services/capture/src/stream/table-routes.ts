import type { TableMap } from '@sluice/binlog';
import { tableId, type TableName } from '@sluice/envelope';
import { PipelineError } from '@sluice/runtime';
import { isSequenceTable } from '../catalog/sequence-table.ts';
import type { DdlChange } from '../ddl/ddl-change.ts';
import type { LoggedStatement } from '../ddl/ddl.ts';
import type { SchemaChangeContext } from '../encode/schema-change-context.ts';
import { encoderFor } from '../encode/shaped-encoder.ts';
import type { TableEncoder } from '../encode/table-encoder.ts';
import type { TablePublication } from '../model/publication.ts';
import type { TableSchema } from '../model/table.ts';
import { setGlobal } from '../source/set-global.ts';
import { DdlEffects, type DdlEffectsParts } from './ddl-effects.ts';
import { MapSchemas, type MapSchemasParts } from './map-schemas.ts';
import { TableNames } from './table-names.ts';
import { TableRoute } from './table-route.ts';
import { TableVersions, type TableVersionsParts } from './table-versions.ts';

export interface TableRoutesOptions extends DdlEffectsParts, MapSchemasParts, TableVersionsParts {
  readonly serverName: string;
  /** Whether the server takes table names that differ in case only for the same (`lower_case_table_names`). */
  readonly ignoresCase: boolean;
  /** Whether a table waits for an operator, by `database.table`: its rows are passed over. */
  readonly isStopped: (id: string) => boolean;
}

/**
 * From the binlog's table maps to routes. A table without a topic, or with columns whose types must be asked for, is work
 * that is seen to before the next event: no row of it can be decoded before.
 */
export class TableRoutes {
  readonly maps: MapSchemas;
  readonly names = new TableNames();
  readonly #options: TableRoutesOptions;
  readonly #effects: DdlEffects;
  readonly #versions: TableVersions;
  readonly #byName = new Map<string, TableRoute>();
  readonly #byMap = new WeakMap<TableMap, TableRoute | null>();
  #lastMap: TableMap | null = null;
  #lastRoute: TableRoute | null = null;

  constructor(options: TableRoutesOptions) {
    this.#options = options;
    this.maps = new MapSchemas(options);
    this.#effects = new DdlEffects(options, this.names);
    this.#versions = new TableVersions(options);
  }

  /** DDL statements passed: what is known of a table's columns from elsewhere is good as long as it stays the same. */
  get ddlsPassed(): number {
    return this.#effects.passed;
  }

  /** Gives a new or changed table map its route, or lets it wait for its topic. */
  meet(map: TableMap, announcement: () => SchemaChangeContext): void {
    if (this.#isPassedOver(map)) {
      this.passOver(map);
      return;
    }
    if (!map.fullMetadata) throw metadataMissing(map);
    const { registry, isRefused, work } = this.#options;
    const isReady =
      this.maps.isSettled(map) &&
      registry.isAdmitted(map.database, map.table) &&
      !this.names.hasLost(map) &&
      !isRefused(tableId(map.database, map.table));
    if (isReady) this.settle(map, announcement);
    else work.add({ kind: 'unknown-map', map });
  }

  #isPassedOver(map: TableMap): boolean {
    const { configuredKeys, isStopped } = this.#options;
    const { database, table } = map;
    const id = tableId(database, table);
    if (!this.captures(database, table) || isStopped(id)) return true;
    return configuredKeys[id] === undefined && isSequenceTable(map);
  }

  /** From now on no row of the table is published; it owes a snapshot when it continues. */
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
    this.#byMap.set(map, this.open(this.maps.schemaOf(map), announcement));
    this.#lastMap = null;
  }

  /** The route of a schema that the stream has rows of now, or that is not known at all yet. */
  open(schema: TableSchema, announcement: () => SchemaChangeContext): TableRoute {
    const table = this.#versions.register(schema, announcement);
    const id = tableId(schema.database, schema.table);
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
   * @param schema for a table that is not known yet
   * @param allRows whether a snapshot of all rows begins, whose end removes what it has not brought
   */
  announced(schema: TableSchema, announcement: () => SchemaChangeContext, allRows = false): TableRoute {
    const { database, table } = schema;
    const known = this.#options.registry.schemaOf(database, table);
    if (known !== null) this.#versions.tell(known, announcement, allRows);
    return this.byName(database, table) ?? this.open(schema, announcement);
  }

  /** For rows from elsewhere than the stream: its own encoder stays the one that its table map asks for. */
  encoderOf(schema: TableSchema, announcement: () => SchemaChangeContext): TableEncoder {
    const table = this.#versions.register(schema, announcement);
    const encoder = this.#byName.get(tableId(schema.database, schema.table))?.encoder;
    return encoder?.table === table ? encoder : encoderFor(table, this.#options.serverName);
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

  /** What the settings make of a schema. Throws TABLE_SHAPE_REFUSED. */
  compile(schema: TableSchema): TablePublication {
    return this.#options.registry.compile(schema);
  }

  captures(database: string, table: string): boolean {
    return this.#options.filter.captures(database, table);
  }

  get all(): IterableIterator<TableRoute> {
    return this.#byName.values();
  }

  /**
   * A DDL makes every chunk that is being read worthless: it is not known which table it changed.
   * @returns whether it makes a table that was not there before
   */
  noteDdl(change: DdlChange, statement: Pick<LoggedStatement, 'sql' | 'sqlMode'>): boolean {
    const isNew = this.#effects.note(change, statement);
    for (const { recorder } of this.#byName.values()) if (recorder !== null) recorder.disturbed = true;
    return isNew;
  }

  /** The name that table maps have for a table, by the one that a statement gives it. */
  readonly spelling = (name: TableName): TableName =>
    this.#options.ignoresCase ? this.#options.registry.spelled(name) : name;

  /** Captured tables that the stream has seen being made, and of which it has met no row. */
  createdUnmet(): TableName[] {
    const { registry } = this.#options;
    return this.names.created.filter(
      ({ database, table }) => this.captures(database, table) && !registry.isAdmitted(database, table),
    );
  }
}

function metadataMissing(map: TableMap): PipelineError {
  const id = tableId(map.database, map.table);
  return new PipelineError(
    'BINLOG_METADATA_NOT_FULL',
    `A change of ${id} was written without column names. Run on the source: ${setGlobal("binlog_row_metadata = 'FULL'")}`,
    { context: { table: id } },
  );
}
