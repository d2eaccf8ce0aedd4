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
  /** By place in images. */
  readonly writers: readonly ValueWriter[];
  /** The place in images of each column of the table, −1 for one that is left out; null when it is the same for all. */
  readonly places: Int32Array | null;
}

/**
 * A column that can be skipped but not written (a character set that is not known, say) fails when it is written: its
 * table may not be captured at all.
 *
 * @throws BinlogError COLUMN_TYPE_UNSUPPORTED when not even the width of a column is known
 */
export function compileTable(map: TableMap, facts: ColumnFacts): CompiledTable {
  const columns = describedColumns(map.columns, facts);
  return {
    map,
    columns,
    columnCount: map.columns.length,
    nullBytes: (map.columns.length + 7) >> 3,
    widths: Int32Array.from(map.columns, (column) => named(map, column, () => widthOf(column))),
    writers: columns.map((column) => writerOrRefusal(column)),
    places: columns.length === map.columns.length ? null : placesOf(map, columns),
  };
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

function named<T>(map: TableMap, column: Column, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw nameColumn(error, map, column);
  }
}
