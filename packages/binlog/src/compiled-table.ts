import { widthOf, writerOf } from './column-writer.ts';
import { BinlogError } from './errors.ts';
import { describedColumns, type ColumnFacts } from './column-facts.ts';
import type { Column, TableMap } from './table-map.ts';
import type { ValueWriter } from './values/value-writer.ts';

/** A table map made ready for its rows: where values lie and what writes them, decided once. */
export interface CompiledTable {
  readonly map: TableMap;
  /** Those that images give values of, by their places in images. */
  readonly columns: readonly Column[];
  /** Columns of the table. */
  readonly columnCount: number;
  readonly nullBytes: number;
  /** Width of each column in a row image, −n for a value with an n-byte length in front. */
  readonly widths: Int32Array;
  /** Why its rows cannot be read: the width of a column is not known, so not even the next column is found. */
  readonly unreadable: BinlogError | null;
  /** By place in images. */
  readonly writers: readonly ValueWriter[];
  /** The place in images of each column of the table, −1 for one that is left out; null when it is the same for all. */
  readonly places: Int32Array | null;
}

/**
 * A column that cannot be read, or skipped but not written (a character set that is not known, say), fails when its rows
 * are read: the table may not be captured at all.
 *
 * @throws BinlogError COLUMN_TYPE_UNSUPPORTED when a column cannot be of its named type
 */
export function compileTable(map: TableMap, facts: ColumnFacts): CompiledTable {
  const columns = describedColumns(map.columns, facts);
  const { widths, unreadable } = widthsOf(map);
  return {
    map,
    columns,
    columnCount: map.columns.length,
    nullBytes: (map.columns.length + 7) >> 3,
    widths,
    unreadable,
    writers: columns.map((column) => writerOrRefusal(column)),
    places: columns.length === map.columns.length ? null : placesOf(map, columns),
  };
}

function widthsOf(map: TableMap): Pick<CompiledTable, 'widths' | 'unreadable'> {
  const widths = new Int32Array(map.columns.length);
  for (const [index, column] of map.columns.entries()) {
    try {
      widths[index] = widthOf(column);
    } catch (error) {
      return { widths, unreadable: nameColumn(error, map, column) };
    }
  }
  return { widths, unreadable: null };
}

function placesOf(map: TableMap, columns: readonly Column[]): Int32Array {
  const places = new Map(columns.map(({ name }, place) => [name, place]));
  return Int32Array.from(map.columns, ({ name }) => places.get(name) ?? -1);
}

/** The same error with the names of table and column, or a coded one for anything unforeseen. */
export function nameColumn(error: unknown, map: TableMap, column: Column): BinlogError {
  const names = { database: map.database, table: map.table, column: column.name };
  const where = `${map.database}.${map.table}.${column.name}`;
  if (error instanceof BinlogError) {
    return new BinlogError(error.code, `${where}: ${error.message}`, { ...error.context, ...names }, error);
  }
  return new BinlogError('VALUE_INVALID', `${where}: the value cannot be read`, names, error);
}

function writerOrRefusal(column: Column): ValueWriter {
  try {
    return writerOf(column);
  } catch (error) {
    return () => {
      throw error;
    };
  }
}
