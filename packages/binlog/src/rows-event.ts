import type { CompiledTable } from './compiled-table.ts';
import { BinlogError } from './errors.ts';
import { PartialImageReader, skipPartialImage } from './partial-image.ts';
import { RowImageReader, skipImage, type RowImage } from './row-image.ts';
import type { TableMap } from './table-map.ts';

export type RowOperation = 'INSERT' | 'UPDATE' | 'DELETE';

/** The last rows event of a statement carries this flag. */
export const STMT_END = 0x1;

/** One rows event. The object and its images are reused: valid only during `onRows`. */
export interface RowsEvent {
  readonly table: TableMap;
  readonly operation: RowOperation;
  /** Offset of the event's first byte in the binlog file, in 64 bits. */
  readonly start: number;
  /** Seconds since 1970. */
  readonly timestamp: number;
  readonly serverId: number;
  readonly flags: number;
  /** Filled for UPDATE and DELETE. */
  readonly before: RowImage;
  /** Filled for INSERT and UPDATE. */
  readonly after: RowImage;
  /** Index in the event of the current row's (first) image: an UPDATE has two, before and after. */
  readonly imageIndex: number;
  /**
   * Moves to the next row; false at the end.
   *
   * @throws BinlogError EVENT_MALFORMED
   */
  next(): boolean;
  /** All images of the event, wherever `next` stands; for tables whose values nobody wants. */
  countImages(): number;
}

/** Where an event's rows are, and what its header says. */
export interface RowsEventParts {
  readonly table: CompiledTable;
  readonly operation: RowOperation;
  /** JSON columns of after images may be differences to the before image. */
  readonly partial: boolean;
  readonly source: Buffer;
  readonly rowsStart: number;
  readonly rowsEnd: number;
  readonly start: number;
  readonly timestamp: number;
  readonly serverId: number;
  readonly flags: number;
}

export class RowsEventReader implements RowsEvent {
  operation: RowOperation = 'INSERT';
  start = 0;
  timestamp = 0;
  serverId = 0;
  flags = 0;
  imageIndex = 0;
  readonly before: RowImageReader = new RowImageReader();
  after: RowImageReader = new RowImageReader();
  private readonly whole: RowImageReader = this.after;
  private readonly different: RowImageReader = new PartialImageReader(this.before);
  private compiled: CompiledTable | null = null;
  private source: Buffer = this.before.source;
  private first = 0;
  private place = 0;
  private end = 0;
  private imagesRead = 0;

  get table(): TableMap {
    return this.compiled!.map;
  }

  open(parts: RowsEventParts): void {
    this.operation = parts.operation;
    this.start = parts.start;
    this.timestamp = parts.timestamp;
    this.serverId = parts.serverId;
    this.flags = parts.flags;
    this.compiled = parts.table;
    this.source = parts.source;
    this.first = parts.rowsStart;
    this.place = parts.rowsStart;
    this.end = parts.rowsEnd;
    this.imagesRead = 0;
    this.imageIndex = 0;
    this.after = parts.partial ? this.different : this.whole;
    if (parts.operation !== 'INSERT') this.before.open(parts.table, parts.source);
    if (parts.operation !== 'DELETE') this.after.open(parts.table, parts.source);
  }

  next(): boolean {
    if (this.place >= this.end) return false;
    this.imageIndex = this.imagesRead;
    if (this.operation !== 'INSERT') {
      this.place = this.before.scan(this.place, this.end);
      this.imagesRead++;
    }
    if (this.operation !== 'DELETE') {
      this.place = this.after.scan(this.place, this.end);
      this.imagesRead++;
    }
    return true;
  }

  countImages(): number {
    let images = 0;
    const partial = this.after === this.different;
    for (let place = this.first; place < this.end; images++) {
      const skip = partial && images % 2 === 1 ? skipPartialImage : skipImage;
      place = skip(this.compiled!, this.source, place, this.end);
    }
    if (this.operation === 'UPDATE' && images % 2 !== 0) {
      throw new BinlogError('EVENT_MALFORMED', 'an UPDATE event has a row without its after image');
    }
    return images;
  }
}
