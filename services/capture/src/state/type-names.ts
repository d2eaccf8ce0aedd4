import { mayHaveNamedTypes, type NamedType, type NamedTypes, type TableMap } from '@sluice/binlog';
import type { TableDescription } from '@sluice/mysql';
import { tableId } from './table.ts';

const NAMED = /^(uuid|inet6|inet4)\b/iu;

/** The columns of MariaDB's UUID and INET types among columns with these SQL types. */
export function namedTypesOf(
  columns: readonly { readonly name: string; readonly type: string }[],
): NamedTypes {
  const named = new Map<string, NamedType>();
  for (const { name, type } of columns) {
    const found = NAMED.exec(type)?.[1]?.toLowerCase() as NamedType | undefined;
    if (found !== undefined) named.set(name, found);
  }
  return named;
}

interface Known {
  readonly types: NamedTypes;
  readonly ddlsPassed: number;
}

/**
 * What the binlog does not say of MariaDB's tables: which BINARY columns are UUIDs or addresses. Asked of the server, and
 * good until the stream passes a DDL.
 */
export class TypeNames {
  readonly #isMariadb: boolean;
  readonly #known = new Map<string, Known>();

  /** @param tables as they are when the stream begins */
  constructor(isMariadb: boolean, tables: readonly TableDescription[]) {
    this.#isMariadb = isMariadb;
    if (isMariadb) for (const table of tables) this.learn(table, describedTypes(table), 0);
  }

  /** Whether the types of this table must be asked for. */
  areUnknown(map: TableMap, ddlsPassed: number): boolean {
    if (!this.#isMariadb || !mayHaveNamedTypes(map)) return false;
    return this.#known.get(tableId(map.database, map.table))?.ddlsPassed !== ddlsPassed;
  }

  learn(
    { database, table }: { readonly database: string; readonly table: string },
    types: NamedTypes,
    ddlsPassed: number,
  ): void {
    this.#known.set(tableId(database, table), { types, ddlsPassed });
  }

  of({ database, table }: { readonly database: string; readonly table: string }): NamedTypes {
    return this.#known.get(tableId(database, table))?.types ?? new Map();
  }
}

export function describedTypes({ columns }: TableDescription): NamedTypes {
  return namedTypesOf(columns.map((column) => ({ name: column.COLUMN_NAME, type: column.COLUMN_TYPE })));
}
