import type { ByteWriter } from './byte-writer.ts';
import { TYPE } from './column-types.ts';
import { nameColumn, type CompiledTable } from './compiled-table.ts';
import { BinlogError } from './errors.ts';
import { RowImageReader, skipImage } from './row-image.ts';
import type { Presence } from './rows-header.ts';
import { skipSparseImage } from './sparse-image.ts';
import { writePatchedJson } from './values/json-diff.ts';

/** `binlog_row_value_options`: JSON columns may be differences. No other option exists. */
const PARTIAL_JSON = 1;

/**
 * The after image of a PARTIAL_UPDATE_ROWS event (MySQL's rpl_record format): in front of each image its value options
 * and, when they say so, one bit per JSON column of the table; a column whose bit is set holds the differences to
 * the before image.
 */
export class PartialImageReader extends RowImageReader {
  readonly #before: RowImageReader;
  #jsonColumns: readonly number[] = [];
  /** By column: 1 when it is a difference in the current row. */
  #different = new Uint8Array(16);

  constructor(before: RowImageReader) {
    super();
    this.#before = before;
  }

  override open(table: CompiledTable, source: Buffer): void {
    super.open(table, source);
    this.#jsonColumns = jsonColumnsOf(table);
    if (this.#different.length < table.columnCount) this.#different = new Uint8Array(table.columnCount);
  }

  override scan(at: number, limit: number): number {
    const { source } = this;
    const jsonColumns = this.#jsonColumns;
    const different = this.#different;
    const bits = at + 1;
    const start = imageStart(source, at, limit, jsonColumns.length);
    different.fill(0);
    if (start > bits) {
      jsonColumns.forEach((column, index) => {
        different[column] = (source[bits + (index >> 3)]! >> (index & 7)) & 1;
      });
    }
    return super.scan(start, limit);
  }

  override write(column: number, out: ByteWriter): void {
    if (this.#different[column] === 0 || this.isNull(column)) return super.write(column, out);
    try {
      this.#writePatched(column, out);
    } catch (error) {
      const { map } = this.table!;
      throw nameColumn(error, map, map.columns[column]!);
    }
  }

  #writePatched(column: number, out: ByteWriter): void {
    const before = this.#before;
    if (before.isNull(column))
      throw new BinlogError('VALUE_INVALID', 'a JSON difference has nothing before it');
    const document = { source: before.source, start: before.starts[column]!, end: before.ends[column]! };
    const differences = { source: this.source, start: this.starts[column]!, end: this.ends[column]! };
    writePatchedJson(document, differences, out);
  }
}

/** The offset behind the image at `at`, as `skipImage`. */
export function skipPartialImage(
  table: CompiledTable,
  source: Buffer,
  at: number,
  limit: number,
  present: Presence | null,
): number {
  const start = imageStart(source, at, limit, jsonColumnsOf(table).length);
  if (present !== null) return skipSparseImage(table, source, start, limit, present);
  return skipImage(table, source, start, limit);
}

/** @throws BinlogError EVENT_UNSUPPORTED for options that nobody knows */
function imageStart(source: Buffer, at: number, limit: number, jsonColumns: number): number {
  if (at >= limit)
    throw new BinlogError('EVENT_MALFORMED', 'an UPDATE event has a row without its after image');
  const options = source[at]!;
  if (options === 0) return at + 1;
  if (options === PARTIAL_JSON) return at + 1 + ((jsonColumns + 7) >> 3);
  throw new BinlogError('EVENT_UNSUPPORTED', `row value options ${options} are not known`, { options });
}

function jsonColumnsOf(table: CompiledTable): number[] {
  return table.map.columns.flatMap((column, index) => (column.type === TYPE.JSON ? [index] : []));
}
