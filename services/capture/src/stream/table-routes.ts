import type { TableMap } from '@sluice/binlog';
import { schemaHistoryTopic, topicName } from '@sluice/envelope';
import { PipelineError } from '@sluice/runtime';
import type { TableFilter } from '../state/table-filter.ts';
import type { Registration, SchemaHistoryRecord, TableRegistry } from '../state/table-registry.ts';
import { schemaColumns, tableId, type TableShape } from '../state/table.ts';
import { appendJson, writeSchema, type ControlPoint } from './control-writer.ts';
import type { PublishBuffer } from './publish-buffer.ts';
import { TableEncoder } from './table-encoder.ts';
import { TableRoute, type ChunkRecorder } from './table-route.ts';

export interface TableRoutesOptions {
  readonly prefix: string;
  readonly serverName: string;
  readonly filter: TableFilter;
  readonly registry: TableRegistry;
  /** `source.keys`: key columns of tables without a primary key, by `database.table`. */
  readonly configuredKeys: Readonly<Record<string, readonly string[]>>;
}

/** What a new table version needs to be announced. */
export interface Announcement {
  readonly buffer: PublishBuffer;
  readonly point: ControlPoint;
}

/**
 * From the binlog's table maps to routes. A table met for the first time waits in `waiting` until the loop has made its
 * topic; no row of it can be decoded before.
 */
export class TableRoutes {
  readonly #options: TableRoutesOptions;
  readonly #byName = new Map<string, TableRoute>();
  #byMap = new WeakMap<TableMap, TableRoute | null>();
  #lastMap: TableMap | null = null;
  #lastRoute: TableRoute | null = null;
  /** Table maps that no route exists for yet. */
  waiting: TableMap[] = [];

  constructor(options: TableRoutesOptions) {
    this.#options = options;
  }

  /** Takes note of a new or changed table map. */
  meet(map: TableMap): void {
    if (!this.#options.filter.captures(map.database, map.table)) {
      this.#byMap.set(map, null);
      return;
    }
    if (!map.fullMetadata) throw metadataMissing(map);
    this.waiting.push(map);
  }

  topicOf(map: { readonly database: string; readonly table: string }): string {
    return topicName(this.#options.prefix, map.database, map.table);
  }

  /** Gives every waiting table its route; the topics must be known to the registry by now. */
  settle(announcement: () => Announcement): void {
    const waiting = this.waiting;
    this.waiting = [];
    for (const map of waiting) {
      this.#byMap.set(map, this.open(shapeOf(map, this.#options.configuredKeys), announcement));
    }
    this.#lastMap = null;
  }

  /** The route of a shape; a version not seen before is announced in the topic and in the schema history. */
  open(shape: TableShape, announcement: () => Announcement): TableRoute {
    const { registry, serverName } = this.#options;
    const registration = registry.register(shape);
    if (registration.change !== 'none') this.#announce(registration, announcement());
    const id = tableId(shape.database, shape.table);
    const route = this.#byName.get(id);
    if (route === undefined) {
      const created = new TableRoute(new TableEncoder(registration.table, serverName));
      this.#byName.set(id, created);
      return created;
    }
    if (route.encoder.table !== registration.table) {
      route.encoder = new TableEncoder(registration.table, serverName);
      if (route.recorder !== null) route.recorder.disturbed = true;
    }
    return route;
  }

  /** Null for a table that is not captured. On the hot path: events of one table come in runs. */
  of(map: TableMap): TableRoute | null {
    if (map === this.#lastMap) return this.#lastRoute;
    const route = this.#byMap.get(map);
    if (route === undefined) {
      throw new PipelineError(
        'TOPIC_UNKNOWN',
        `Rows of ${tableId(map.database, map.table)} came before its table map was settled.`,
      );
    }
    this.#lastMap = map;
    this.#lastRoute = route;
    return route;
  }

  byName(database: string, table: string): TableRoute | null {
    return this.#byName.get(tableId(database, table)) ?? null;
  }

  get all(): IterableIterator<TableRoute> {
    return this.#byName.values();
  }

  /** A DDL makes every chunk that is being read worthless: it is not known which table it changed. */
  disturbAll(): void {
    for (const { recorder } of this.#byName.values()) markDisturbed(recorder);
  }

  #announce(registration: Registration, { buffer, point }: Announcement): void {
    const { table, change } = registration;
    const { database, table: name, version, columns, keyColumns } = table;
    const record: SchemaHistoryRecord = {
      database,
      table: name,
      version,
      columns: [...columns],
      keyColumns: [...keyColumns],
      sequence: point.sequence,
    };
    const history = { topic: schemaHistoryTopic(this.#options.prefix), partition: 0 };
    appendJson(buffer, history, tableId(database, name), record, point.capturedAt, {});
    if (change !== 'none') writeSchema(buffer, table, change, point);
  }
}

function markDisturbed(recorder: ChunkRecorder | null): void {
  if (recorder !== null) recorder.disturbed = true;
}

function shapeOf(map: TableMap, configuredKeys: Readonly<Record<string, readonly string[]>>): TableShape {
  const columns = schemaColumns(map.columns);
  const primary = map.primaryKey.map((ordinal) => columns[ordinal]?.name ?? '');
  const keyColumns = configuredKeys[tableId(map.database, map.table)] ?? primary;
  return { database: map.database, table: map.table, columns, keyColumns };
}

function metadataMissing(map: TableMap): PipelineError {
  const id = tableId(map.database, map.table);
  return new PipelineError(
    'BINLOG_METADATA_NOT_FULL',
    `A change of ${id} was written without column names. Run on the source: SET GLOBAL binlog_row_metadata = 'FULL';`,
    { context: { table: id } },
  );
}
