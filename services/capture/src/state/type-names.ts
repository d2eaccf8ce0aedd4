import { type NamedType, type NamedTypes, type TableMap } from '@sluice/binlog';
import type { TableDescription } from '@sluice/mysql';
import { PipelineError } from '@sluice/runtime';
import type { TableName } from '../stream/ddl.ts';
import type { TableRegistry } from './table-registry.ts';
import { tableId, type TableShape } from './table.ts';

/** A column by its SQL type. */
interface TypedColumn {
  readonly name: string;
  readonly type: string;
}

/** Types that look alike in a table map, and their bytes. */
const LENGTHS: Readonly<Record<string, number>> = {
  uuid: 16,
  inet6: 16,
  inet4: 4,
  'binary(16)': 16,
  'binary(4)': 4,
};

export interface TypeNamesOptions {
  readonly isMariadb: boolean;
  /** Whose newest versions tell the types of the place where the stream is. */
  readonly registry: TableRegistry;
  /** Tables as they are now, where that is where the stream begins. */
  readonly described: readonly TableDescription[];
}

/**
 * What the binlog does not say of MariaDB's tables: which BINARY columns are UUIDs or addresses. The newest version of the
 * schema history says it, the server only of columns that are not known yet: it may be ahead of the stream. A DDL that names a
 * table makes the server be asked again, so that the history is never behind the stream.
 */
export class TypeNames {
  readonly #isMariadb: boolean;
  readonly #registry: TableRegistry;
  /** What the server said at the place where the stream was: believed before the registry. */
  readonly #described = new Map<string, readonly TypedColumn[]>();
  readonly #byMap = new WeakMap<TableMap, NamedTypes>();
  /** Tables that DDL statements have named since they were last asked for. */
  toRenew: TableName[] = [];

  constructor({ isMariadb, registry, described }: TypeNamesOptions) {
    this.#isMariadb = isMariadb;
    this.#registry = registry;
    for (const table of described)
      this.#described.set(tableId(table.database, table.table), typedColumns(table));
  }

  /** Whether the server must be asked for types of this table. */
  areUnknown(map: TableMap): boolean {
    if (!this.#isMariadb) return false;
    const types = resolve(map, this.#known(map));
    if (types !== null) this.#byMap.set(map, types);
    return types === null;
  }

  /**
   * Takes the types that are not known from what the server says.
   *
   * @param description null for a table that is gone
   * @throws PipelineError COLUMN_TYPE_UNKNOWN when a column is not there any more
   */
  learn(map: TableMap, description: TableDescription | null): void {
    const columns = description === null ? [] : typedColumns(description);
    const types = resolve(map, [...columns, ...this.#known(map)]);
    if (types === null) throw typeUnknown(map);
    this.#byMap.set(map, types);
  }

  /** The named types of a table map that is settled. */
  of(map: TableMap): NamedTypes {
    return this.#byMap.get(map) ?? new Map();
  }

  /** Notes which of the tables that may have named types a statement names. */
  noteDdl(sql: string): void {
    if (!this.#isMariadb) return;
    const text = sql.toLowerCase();
    for (const { database, table, columns } of this.#registry.shapes()) {
      if (columns.some(({ type }) => type in LENGTHS) && text.includes(table.toLowerCase()))
        this.toRenew.push({ database, table });
    }
  }

  /** The newest version with the types that the server says now; null when they are the same. */
  renewed(description: TableDescription): TableShape | null {
    const { database, table } = description;
    const described = typedColumns(description);
    this.#described.set(tableId(database, table), described);
    const known = this.#registry.shapeOf(database, table);
    if (known === null) return null;
    const columns = known.columns.map((column) => {
      const now = described.find((each) => each.name === column.name)?.type;
      const isAlike =
        now !== undefined && LENGTHS[now] !== undefined && LENGTHS[now] === LENGTHS[column.type];
      return isAlike && now !== column.type ? { ...column, type: now } : column;
    });
    return columns.some((column, index) => column !== known.columns[index]) ? { ...known, columns } : null;
  }

  /** Later ones win. */
  #known({ database, table }: TableName): readonly TypedColumn[] {
    const id = tableId(database, table);
    return [...(this.#registry.shapeOf(database, table)?.columns ?? []), ...(this.#described.get(id) ?? [])];
  }
}

/** The types of the columns that a table map leaves open; null when one of them is not among `columns`. */
function resolve(map: TableMap, columns: readonly TypedColumn[]): NamedTypes | null {
  const named = new Map<string, NamedType>();
  for (const { name, sqlType } of map.columns) {
    const length = LENGTHS[sqlType];
    if (length === undefined) continue;
    const type = columns.findLast((each) => each.name === name && LENGTHS[each.type] === length)?.type;
    if (type === undefined) return null;
    if (type !== sqlType) named.set(name, type as NamedType);
  }
  return named;
}

/** Columns of a table of an old server version are shown with a comment behind their type. */
function typedColumns({ columns }: TableDescription): readonly TypedColumn[] {
  return columns.map((column) => ({
    name: column.COLUMN_NAME,
    type: column.COLUMN_TYPE.replace(/\/\*.*?\*\//gu, '')
      .trim()
      .toLowerCase(),
  }));
}

function typeUnknown({ database, table }: TableName): PipelineError {
  const id = tableId(database, table);
  return new PipelineError(
    'COLUMN_TYPE_UNKNOWN',
    `A column of ${id} is BINARY, UUID or INET in the binlog, and nothing tells which: it was added and dropped or renamed meanwhile.`,
    { context: { table: id } },
  );
}
