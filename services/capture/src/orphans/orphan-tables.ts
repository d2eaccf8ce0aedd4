import { describedColumns, type ColumnFacts, type TableMap } from '@sluice/binlog';
import { TopicRouting, tableId } from '@sluice/envelope';
import { readTables, type Connection, type TableDescription } from '@sluice/mysql';
import { PipelineError, type SluiceConfig } from '@sluice/runtime';
import { readCascadingKeys, type CascadingKey } from '../catalog/cascading-keys.ts';
import { ColumnCatalog, isRowHash, schemaOfDescription } from '../catalog/column-catalog.ts';
import { TableRegistry } from '../catalog/table-registry.ts';
import { schemaColumns, schemaText, type TableSchema } from '../model/table.ts';
import { queryRows } from '../source/query.ts';
import type { ServerFacts } from '../source/server.ts';
import type { OrphanTable } from './orphan.ts';

const SYSTEM_DATABASES = ['mysql', 'information_schema', 'performance_schema', 'sys'];

/** The tables of one server, and which of them the table maps of the old master's binlog mean. */
export class OrphanTables {
  /** Foreign keys that change rows of other tables. */
  readonly cascades: readonly CascadingKey[];
  readonly #server: ServerFacts;
  /** `host:port` */
  readonly #address: string;
  readonly #keys: SluiceConfig['source']['keys'];
  readonly #described: ReadonlyMap<string, TableDescription>;
  readonly #catalog: ColumnCatalog;
  readonly #byMap = new WeakMap<TableMap, OrphanTable>();

  /** Asks the server for all of its tables. Throws a PipelineError with a MYSQL_… code. */
  static async read(
    connection: Connection,
    server: ServerFacts,
    address: string,
    { source }: SluiceConfig,
  ): Promise<OrphanTables> {
    const rows = await queryRows(connection, 'SELECT SCHEMA_NAME AS name FROM information_schema.SCHEMATA');
    const names = rows.map(({ name }) => String(name));
    const own = names.filter((name) => !SYSTEM_DATABASES.includes(name.toLowerCase()));
    const described = await readTables(connection, own);
    const cascades = await readCascadingKeys(connection, server.flavour, () => true);
    return new OrphanTables(server, address, source.keys, described, cascades);
  }

  private constructor(
    server: ServerFacts,
    address: string,
    keys: SluiceConfig['source']['keys'],
    described: readonly TableDescription[],
    cascades: readonly CascadingKey[],
  ) {
    this.cascades = cascades;
    this.#server = server;
    this.#address = address;
    this.#keys = keys;
    this.#described = new Map(described.map((table) => [tableId(table.database, table.table), table]));
    const registry = new TableRegistry(new TopicRouting({ prefix: '' }));
    this.#catalog = new ColumnCatalog({ server, registry, described });
  }

  /** What a table map does not tell of its columns, for the decoder. */
  readonly factsOf = (map: TableMap): ColumnFacts => {
    if (this.#catalog.lacks(map)) this.#catalog.learn(map, this.#descriptionOf(map));
    return this.#catalog.factsOf(map);
  };

  /** Throws ORPHANS_REFUSED unless the server has the table as the binlog has it. */
  of(map: TableMap): OrphanTable {
    const known = this.#byMap.get(map);
    if (known !== undefined) return known;
    const description = this.#descriptionOf(map);
    if (description === null) throw refused(map, `${this.#address} has no such table`);
    if (description.isVersioned) throw refused(map, 'it keeps a history of its own (WITH SYSTEM VERSIONING)');
    const schema = this.schemaOf(map);
    const found = schemaOfDescription(description, schema.keyColumns, this.#server);
    if (schemaText(schema) !== schemaText(found))
      throw refused(map, `its columns on ${this.#address} are others than in the binlog`);
    const table = tableOf(map, this.factsOf(map), description, schema.keyColumns);
    this.#byMap.set(map, table);
    return table;
  }

  /** The schema of the rows of a map. Throws ORPHANS_REFUSED when the binlog does not name the columns. */
  schemaOf(map: TableMap): TableSchema {
    const { database, table } = map;
    if (!map.fullMetadata)
      throw refused(map, 'its changes were written without column names (binlog_row_metadata was not FULL)');
    const facts = this.factsOf(map);
    const description = this.#descriptionOf(map);
    const names = map.primaryKey.map((ordinal) => map.columns[ordinal]?.name ?? '');
    const keyColumns = this.#keys[tableId(database, table)] ?? description?.primaryKey ?? names;
    const leftOut = map.columns.flatMap(({ name }) =>
      facts.leftOut.has(name) && !isRowHash(name) ? [name] : [],
    );
    const columns = schemaColumns(describedColumns(map.columns, facts));
    return { database, table, columns, keyColumns, leftOut };
  }

  #descriptionOf({ database, table }: TableMap): TableDescription | null {
    return this.#described.get(tableId(database, table)) ?? null;
  }
}

function tableOf(
  { database, table, columns }: TableMap,
  facts: ColumnFacts,
  description: TableDescription,
  keyColumns: readonly string[],
): OrphanTable {
  const described = new Map(description.columns.map((column) => [column.COLUMN_NAME, column]));
  const own = describedColumns(columns, facts).map((column) => {
    const { GENERATION_EXPRESSION = '', EXTRA = '' } = described.get(column.name) ?? {};
    return {
      column,
      isGenerated: (GENERATION_EXPRESSION ?? '') !== '',
      changesItself: /\bon update\b/iu.test(EXTRA),
    };
  });
  const places = keyColumns.map((name) => own.findIndex(({ column }) => column.name === name));
  return { database, table, columns: own, key: places.includes(-1) ? [] : places };
}

function refused({ database, table }: TableMap, why: string): PipelineError {
  const id = tableId(database, table);
  return new PipelineError('ORPHANS_REFUSED', `Orphaned rows of ${id} cannot be taken: ${why}.`, {
    context: { table: id },
  });
}
