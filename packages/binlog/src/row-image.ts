import type { ByteWriter } from './byte-writer.ts';
import { nameColumn, type CompiledTable } from './compiled-table.ts';
import { BinlogError } from './errors.ts';

/** The values of one row before or after a change. Reused for every row: valid only until the next one is read. */
export interface RowImage {
  /** The bytes that `write` reads from. */
  readonly source: Buffer;
  isNull(column: number): boolean;
  /**
   * Writes the value as JSON bytes, `null` for NULL.
   *
   * @throws BinlogError naming table and column
   */
  write(column: number, out: ByteWriter): void;
  /**
   * Whether the column holds the same bytes in another image of the same event; a JSON column that one of them holds as
   * differences is never the same.
   */
  sameValue(column: number, other: RowImage): boolean;
}

export const NULL_START = -1;
const EMPTY = Buffer.alloc(0);

export class RowImageReader implements RowImage {
  source: Buffer = EMPTY;
  starts: Int32Array = new Int32Array(16);
  ends: Int32Array = new Int32Array(16);
  protected table: CompiledTable | null = null;

  open(table: CompiledTable, source: Buffer): void {
    this.source = source;
    if (this.table === table) return;
    this.table = table;
    if (this.starts.length >= table.columnCount) return;
    this.starts = new Int32Array(table.columnCount);
    this.ends = new Int32Array(table.columnCount);
  }

  isNull(column: number): boolean {
    return this.starts[column] === NULL_START;
  }

  write(column: number, out: ByteWriter): void {
    const table = this.table!;
    const start = this.starts[column]!;
    if (start === NULL_START) return putNull(out);
    try {
      table.writers[column]!(this.source, start, this.ends[column]!, out);
    } catch (error) {
      throw nameColumn(error, table.map, table.columns[column]!);
    }
  }

  sameValue(column: number, other: RowImage): boolean {
    const peer = other as RowImageReader;
    const start = this.starts[column]!;
    const peerStart = peer.starts[column]!;
    if (start === NULL_START || peerStart === NULL_START) return start === peerStart;
    const length = this.ends[column]! - start;
    if (peer.ends[column]! - peerStart !== length) return false;
    for (let index = 0; index < length; index++) {
      if (this.source[start + index] !== peer.source[peerStart + index]) return false;
    }
    return true;
  }

  /**
   * Finds every value of the image at `at`. Bytes behind `limit` may be looked at, but an image that reaches behind it
   * is refused, so one check a row is enough.
   *
   * @returns the offset behind the image
   * @throws BinlogError EVENT_MALFORMED
   */
  scan(at: number, limit: number): number {
    const { widths, columnCount, nullBytes } = this.table!;
    const { source, starts, ends } = this;
    let place = at + nullBytes;
    for (let column = 0; column < columnCount; column++) {
      if ((source[at + (column >> 3)]! & (1 << (column & 7))) !== 0) {
        starts[column] = NULL_START;
        continue;
      }
      const width = widths[column]!;
      if (width >= 0) {
        starts[column] = place;
        place += width;
      } else {
        const length = lengthAt(source, place, width);
        place -= width;
        starts[column] = place;
        place += length;
        // Offsets are kept in 32 bits: a garbled length must not get that far.
        if (!(place <= limit)) throw beyondEnd();
      }
      ends[column] = place;
    }
    if (!(place <= limit)) throw beyondEnd();
    return place;
  }
}

/** The offset behind the row image at `at`, without keeping where its values are. */
export function skipImage(table: CompiledTable, source: Buffer, at: number, limit: number): number {
  const { widths, columnCount } = table;
  let place = at + table.nullBytes;
  for (let column = 0; column < columnCount; column++) {
    if ((source[at + (column >> 3)]! & (1 << (column & 7))) !== 0) continue;
    const width = widths[column]!;
    place += width >= 0 ? width : lengthAt(source, place, width) - width;
    if (!(place <= limit)) throw beyondEnd();
  }
  if (!(place <= limit)) throw beyondEnd();
  return place;
}

export function lengthAt(source: Buffer, at: number, width: number): number {
  if (width === -1) return source[at]!;
  const low = source[at]! | (source[at + 1]! << 8);
  if (width === -2) return low;
  if (width === -3) return low | (source[at + 2]! << 16);
  return low + source[at + 2]! * 65_536 + source[at + 3]! * 16_777_216;
}

function putNull(out: ByteWriter): void {
  out.reserve(4);
  const { bytes, position } = out;
  bytes[position] = 0x6e;
  bytes[position + 1] = 0x75;
  bytes[position + 2] = 0x6c;
  bytes[position + 3] = 0x6c;
  out.position = position + 4;
}

export function beyondEnd(): BinlogError {
  return new BinlogError('EVENT_MALFORMED', 'a row image reaches beyond the end of its event');
}
