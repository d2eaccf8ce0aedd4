import { tableIdOf, type TableName } from '@sluice/envelope';
import type { RowDataPacket } from 'mysql2/promise';
import { columnKind } from '../column-kinds.ts';
import type { ComparedColumn, ComparedTable } from '../compared-table.ts';
import type { RowConnection } from '../source-rows.ts';

/** A table of a running pipeline: what is published of it, and who it is compared with. */
export interface PublishedTable extends TableName {
  readonly columns: readonly PublishedColumn[];
  /** Published names, in key order. */
  readonly keyColumns: readonly string[];
  /** Why it is not compared at all; null where it is. */
  readonly refused: string | null;
}

export interface PublishedColumn {
  /** Its name in the source. */
  readonly source: string;
  /** Null for one that is left out. */
  readonly published: string | null;
  /** What is done to its values; '' when they are published as they are. */
  readonly treatment: string;
}

export interface RunningTable {
  /** Null when it cannot be compared: the remarks say why. */
  readonly table: ComparedTable | null;
  readonly remarks: readonly string[];
}

/** What of a table can be compared, by its columns in the source; all that cannot is named. */
export async function readRunningTable(
  source: RowConnection,
  published: PublishedTable,
): Promise<RunningTable> {
  const { database, table, refused, keyColumns } = published;
  if (refused !== null) return { table: null, remarks: [refused] };
  const found = await columnsOf(source, published);
  const remarks: string[] = [];
  const columns: ComparedColumn[] = [];
  const notCompared = new Set<string>();
  for (const column of published.columns) {
    const { source: sourceName, published: name, treatment } = column;
    const compared =
      name === null || treatment !== '' ? null : comparedColumn(name, found.get(sourceName), sourceName);
    if (compared !== null) columns.push(compared);
    else {
      const why = treatment === '' ? 'its type cannot be compared' : treatment;
      remarks.push(`column ${sourceName} is not compared: ${why}`);
      if (name !== null) notCompared.add(name);
    }
  }
  const key = keyColumns.map((name) => columns.findIndex((column) => column.name === name));
  if (key.length === 0) return { table: null, remarks: [`${tableIdOf(published)} has no key`] };
  const lost = keyColumns[key.indexOf(-1)];
  if (lost !== undefined)
    return {
      table: null,
      remarks: [`key column ${lost} cannot be compared: rows cannot be told apart by it`],
    };
  remarks.push(
    ...foldingKeys(
      key.map((place) => columns[place]),
      found,
    ),
  );
  return { table: { database, table, columns, key, notCompared }, remarks };
}

/** A column as a server says of it. */
export interface ServerColumn {
  readonly type: string;
  readonly collation: string | null;
  readonly isNullable: boolean;
  readonly isGenerated: boolean;
}

/** Columns of a table of MySQL or MariaDB, by their names; none where it is not there. */
export async function columnsOf(
  server: RowConnection,
  name: TableName,
): Promise<ReadonlyMap<string, ServerColumn>> {
  const [rows] = await server.promise.query<RowDataPacket[]>(
    `SELECT COLUMN_NAME AS name, DATA_TYPE AS type, COLLATION_NAME AS collation, IS_NULLABLE AS nullable, EXTRA AS extra
     FROM information_schema.columns WHERE TABLE_SCHEMA = ? AND TABLE_NAME = ?`,
    [name.database, name.table],
  );
  return new Map(
    rows.map((row) => [
      String(row['name']),
      {
        type: String(row['type']),
        collation: row['collation'] === null ? null : String(row['collation']),
        isNullable: row['nullable'] === 'YES',
        isGenerated: /\b(VIRTUAL|STORED|PERSISTENT) GENERATED\b/i.test(String(row['extra'])),
      },
    ]),
  );
}

/** Null for a type that cannot be compared. */
function comparedColumn(
  name: string,
  column: ServerColumn | undefined,
  sourceName: string,
): ComparedColumn | null {
  if (column === undefined) return null;
  try {
    const { type, collation, isNullable, isGenerated } = column;
    const known = { name, sourceName, kind: columnKind(type), generated: isGenerated, isNullable };
    return collation === null ? known : { ...known, collation };
  } catch {
    return null;
  }
}

/** Rows are told apart by the exact text of their keys, as the sinks do; the source takes several texts for one. */
function foldingKeys(
  key: readonly (ComparedColumn | undefined)[],
  found: ReadonlyMap<string, ServerColumn>,
): string[] {
  return key.flatMap((column) => {
    const collation = found.get(column?.sourceName ?? '')?.collation ?? null;
    if (collation === null || /_bin$|^binary$/.test(collation)) return [];
    return [
      `key column ${column?.name} has the collation ${collation}, which may take several texts for one: keys are compared by their exact texts`,
    ];
  });
}
