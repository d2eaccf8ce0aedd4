import { isUtf8Charset, quoteIdentifier, quoteTable, readVersion, type Flavour } from '@sluice/mysql';
import { columnKind } from '../column-kinds.ts';
import type { ComparedColumn, ComparedTable } from '../compared-table.ts';
import { columnsOf, type ServerColumn } from '../running/running-table.ts';
import type { ServerCopy } from '../sink-table.ts';
import type { RowConnection } from '../source-rows.ts';
import { rowSum } from './row-sum.ts';

/** A table as one of the two servers has it. */
export interface SummedSide {
  readonly connection: RowConnection;
  /** The quoted table. */
  readonly from: string;
  /** Quoted names of the key columns. */
  readonly keyNames: readonly string[];
  /** SQL for what a row adds to the sum. */
  readonly sum: string;
  /** SQL for each of the table's columns as its kind reads it; NULL for one that is not there. */
  readonly selected: readonly string[];
}

export interface SummedTable {
  readonly source: SummedSide;
  readonly copy: SummedSide;
}

/**
 * How source and copy add up their rows to sums that are equal only when the rows are; or why they cannot.
 * Sums of equal rows may differ, such as those of JSON that was written otherwise: only rows tell then.
 */
export async function summedTable(
  source: RowConnection,
  table: ComparedTable,
  copy: ServerCopy,
): Promise<SummedTable | string> {
  const there = await columnsOf(copy.connection, copy);
  if (there.size === 0) return 'the table is not there';
  const lacking = table.columns.find(({ name, generated }) => !generated && !there.has(name));
  if (lacking !== undefined) return `it has no column ${lacking.name}`;
  const flavours = [await flavourOf(source), await flavourOf(copy.connection)] as const;
  const key = table.key.flatMap((place) => table.columns[place] ?? []);
  for (const column of key) {
    const why = unordered(column, there.get(column.name), flavours[0] === flavours[1]);
    if (why !== null) return `key column ${column.name} ${why}`;
  }
  const summed = table.columns.filter(({ name }) => there.has(name));
  const sides = [
    sideOf(source, quoteTable(table.database, table.table), { table, key, summed }, (column) => ({
      name: column.sourceName ?? column.name,
      collation: column.collation ?? null,
    })),
    sideOf(copy.connection, quoteTable(copy.database, copy.table), { table, key, summed }, ({ name }) => ({
      name,
      collation: there.get(name)?.collation ?? null,
    })),
  ] as const;
  return { source: sides[0], copy: sides[1] };
}

async function flavourOf({ promise }: RowConnection): Promise<Flavour> {
  return (await readVersion(promise)).flavour;
}

/** Null where both servers order the values alike, so that a range of keys has the same rows on both. */
function unordered(
  { kind, collation, isNullable }: ComparedColumn,
  there: ServerColumn | undefined,
  isSameFlavour: boolean,
): string | null {
  if (there === undefined || isNullable !== false || there.isNullable) return 'may be NULL';
  const order = orderOf(there.type);
  if (kind.order === undefined || kind.order !== order) return 'is not ordered alike on both sides';
  if (order !== 'collation') return null;
  const isSame = collation !== undefined && collation === there.collation;
  if (isSame && (isSameFlavour || collation.endsWith('_bin')) && isUtf8(collation)) return null;
  if (isSame && !isSameFlavour)
    return `has the collation ${collation}, which MySQL and MariaDB need not order alike`;
  return `has the collation ${collation ?? 'unknown'} in the source and ${there.collation ?? 'none'} there`;
}

function orderOf(type: string): ReturnType<typeof columnKind>['order'] {
  try {
    return columnKind(type).order;
  } catch {
    return undefined;
  }
}

/** By the name of a collation, which begins with its character set's. */
const isUtf8 = (collation: string): boolean => isUtf8Charset(collation.split('_')[0] ?? '');

interface Summed {
  readonly table: ComparedTable;
  readonly key: readonly ComparedColumn[];
  readonly summed: readonly ComparedColumn[];
}

function sideOf(
  connection: RowConnection,
  from: string,
  { table, key, summed }: Summed,
  there: (column: ComparedColumn) => { readonly name: string; readonly collation: string | null },
): SummedSide {
  const nameOf = (column: ComparedColumn): string => quoteIdentifier(there(column).name);
  const parts = summed.map((column) => {
    const { collation } = there(column);
    return { kind: column.kind, name: nameOf(column), isUtf8mb4: collation?.startsWith('utf8mb4_') === true };
  });
  const selected = table.columns.map((column) =>
    summed.includes(column) ? column.kind.select(nameOf(column)) : 'NULL',
  );
  return { connection, from, keyNames: key.map(nameOf), sum: rowSum(parts), selected };
}
