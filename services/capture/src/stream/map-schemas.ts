import { describedColumns, type TableMap } from '@sluice/binlog';
import { type Sequence, tableId } from '@sluice/envelope';
import { isRowHash, type ColumnCatalog } from '../catalog/column-catalog.ts';
import type { TableRegistry } from '../catalog/table-registry.ts';
import { schemaColumns, type TableSchema } from '../model/table.ts';

export interface MapSchemasParts {
  readonly registry: TableRegistry;
  /** `source.keys`: key columns of tables without a primary key, by `database.table`. */
  readonly configuredKeys: Readonly<Record<string, readonly string[]>>;
  readonly columnCatalog: ColumnCatalog;
  /** Where the newest statement stands after which a table's columns may be other than before, by `database.table`. */
  readonly lastChange: (id: string) => Sequence | null;
}

/** What a table map says of its table: key and columns, held against the newest version that is known. */
export class MapSchemas {
  readonly #parts: MapSchemasParts;

  constructor(parts: MapSchemasParts) {
    this.#parts = parts;
  }

  /** Names of the columns that tell the rows of this map apart; none when nothing does. */
  keyOf({ database, table, columns, primaryKey }: TableMap): readonly string[] {
    const configured = this.#parts.configuredKeys[tableId(database, table)];
    return configured ?? primaryKey.map((ordinal) => columns[ordinal]?.name ?? '');
  }

  /** Whether the table has lost its key or got another one: perhaps it cannot be captured any more. */
  hasOtherKey(map: TableMap): boolean {
    if (this.isKeyless(map)) return true;
    const known = this.#parts.registry.schemaOf(map.database, map.table);
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
    const { registry, lastChange } = this.#parts;
    const { database, table } = map;
    const since = registry.newestSince(database, table);
    if (since === null || !map.fullMetadata) return null;
    const change = registry.changeBy(this.schemaOf(map));
    if (change !== 'additive' && change !== 'breaking') return null;
    return (lastChange(tableId(database, table)) ?? '') > since ? null : change;
  }

  /** Whether the newest version tells all of this map: nothing has to be asked, and nothing needs an explanation. */
  isSettled(map: TableMap): boolean {
    return !this.#parts.columnCatalog.lacks(map) && !this.hasOtherKey(map) && this.unseenChange(map) === null;
  }

  /** The schema that rows of this map have; what the map does not tell must be known by now. */
  schemaOf(map: TableMap): TableSchema {
    const { database, table } = map;
    const facts = this.#parts.columnCatalog.factsOf(map);
    const columns = schemaColumns(describedColumns(map.columns, facts));
    const leftOut = map.columns.flatMap(({ name }) =>
      facts.leftOut.has(name) && !isRowHash(name) ? [name] : [],
    );
    return { database, table, columns, keyColumns: this.keyOf(map), leftOut };
  }
}
