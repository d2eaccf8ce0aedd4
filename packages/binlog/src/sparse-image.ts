import type { CompiledTable } from './compiled-table.ts';
import { beyondEnd, lengthAt, NULL_START, RowImageReader } from './row-image.ts';
import { partialImage, type Presence } from './rows-header.ts';

/**
 * Images that do not have every column of their table (MariaDB 11 leaves generated columns out of UPDATE and DELETE), or
 * of a table whose generated columns are read past. Bits for NULL are only there for the columns that are.
 */
export class SparseImageReader extends RowImageReader {
  #present: Presence | null = null;

  /** @throws BinlogError ROW_IMAGE_PARTIAL when a column is not there that is not left out */
  openSparse(table: CompiledTable, source: Buffer, present: Presence | null): void {
    this.open(table, source);
    this.#present = present;
    const missing = present === null ? -1 : firstMissing(table, present);
    if (missing >= 0) throw partialImage(table.map, missing);
  }

  override scan(at: number, limit: number): number {
    const { source, starts, ends } = this;
    const present = this.#present;
    const { widths, places, columnCount } = this.table!;
    let place = at + nullBytes(this.table!, present);
    let bit = 0;
    for (let column = 0; column < columnCount; column++) {
      if (present !== null && present[column] === 0) continue;
      const slot = places === null ? column : places[column]!;
      const isNull = (source[at + (bit >> 3)]! & (1 << (bit & 7))) !== 0;
      bit++;
      const width = widths[column]!;
      const start = isNull ? NULL_START : place + (width < 0 ? -width : 0);
      if (!isNull) place = start + (width < 0 ? lengthAt(source, place, width) : width);
      if (!(place <= limit)) throw beyondEnd();
      if (slot < 0) continue;
      starts[slot] = start;
      ends[slot] = place;
    }
    return place;
  }
}

/** The offset behind the image at `at`, as `skipImage`. */
export function skipSparseImage(
  table: CompiledTable,
  source: Buffer,
  at: number,
  limit: number,
  present: Presence,
): number {
  let place = at + nullBytes(table, present);
  let bit = 0;
  for (let column = 0; column < table.columnCount; column++) {
    if (present[column] === 0) continue;
    const isNull = (source[at + (bit >> 3)]! & (1 << (bit & 7))) !== 0;
    bit++;
    if (isNull) continue;
    const width = table.widths[column]!;
    place += width >= 0 ? width : lengthAt(source, place, width) - width;
    if (!(place <= limit)) throw beyondEnd();
  }
  if (!(place <= limit)) throw beyondEnd();
  return place;
}

function nullBytes(table: CompiledTable, present: Presence | null): number {
  if (present === null) return table.nullBytes;
  let count = 0;
  for (const isPresent of present) count += isPresent;
  // An image of nothing has no bytes: there could be any number of them.
  if (count === 0) throw beyondEnd();
  return (count + 7) >> 3;
}

function firstMissing({ places }: CompiledTable, present: Presence): number {
  return present.findIndex(
    (isPresent, column) => isPresent === 0 && (places === null || places[column]! >= 0),
  );
}
