import type { CompiledTable } from './compiled-table.ts';
import { BinlogError } from './errors.ts';
import { PartialImageReader, skipPartialImage } from './partial-image.ts';
import { RowImageReader, skipImage, type RowImage } from './row-image.ts';
import { partialImage, type Presence, type RowsBody, type RowOperation } from './rows-header.ts';
import { skipSparseImage, SparseImageReader } from './sparse-image.ts';
import type { TableMap } from './table-map.ts';

/** The last rows event of a statement carries this flag. */
export const STMT_END = 0x1;
/** The session had `foreign_key_checks` off: its foreign keys did nothing. */
export const NO_FOREIGN_KEY_CHECKS = 0x2;
/**
 * MySQL from 9.6 on: the server itself carried out the foreign keys, so what they changed is in the binlog
 * (https://dev.mysql.com/doc/refman/9.7/en/replication-features-foreign-keys.html). A replica keeps what its source wrote.
 */
export const SQL_FOREIGN_KEYS = 0x10;

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
   * @throws BinlogError EVENT_MALFORMED, ROW_IMAGE_PARTIAL when the images do not have all columns, COLUMN_TYPE_UNSUPPORTED
   * when they cannot be read
   */
  next(): boolean;
  /** Back before the first row, for another who reads them. */
  rewind(): void;
  /** The place in images of the column with this name; -1 when they do not give it. */
  placeOf(column: string): number;
  /** All images of the event, wherever `next` stands, 0 when they cannot be told apart; for tables whose values nobody wants. */
  countImages(): number;
}

const NO_ROWS: RowsBody = {
  source: Buffer.alloc(0),
  rowsStart: 0,
  rowsEnd: 0,
  present: null,
  presentAfter: null,
};

/** Where an event's rows are, and what its header says. */
export interface RowsEventParts {
  readonly table: CompiledTable;
  readonly operation: RowOperation;
  /** JSON columns of after images may be differences to the before image. */
  readonly partial: boolean;
  readonly body: RowsBody;
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
  before: RowImageReader = new RowImageReader();
  after: RowImageReader = new RowImageReader();
  readonly #whole = { before: this.before, after: this.after } as const;
  readonly #different: RowImageReader = new PartialImageReader(this.before);
  readonly #sparse = { before: new SparseImageReader(), after: new SparseImageReader() } as const;
  #compiled: CompiledTable | null = null;
  #body: RowsBody = NO_ROWS;
  #partial = false;
  /** The images lack columns, or cannot be read, and were not looked at yet: of tables that nobody reads they may lack any. */
  #unopened = false;
  #place = 0;
  #end = 0;
  #imagesRead = 0;

  get table(): TableMap {
    return this.#compiled!.map;
  }

  open(parts: RowsEventParts): void {
    this.operation = parts.operation;
    this.start = parts.start;
    this.timestamp = parts.timestamp;
    this.serverId = parts.serverId;
    this.flags = parts.flags;
    this.#compiled = parts.table;
    this.#body = parts.body;
    this.#partial = parts.partial;
    this.#place = parts.body.rowsStart;
    this.#end = parts.body.rowsEnd;
    this.#imagesRead = 0;
    this.imageIndex = 0;
    const { present, presentAfter, source } = parts.body;
    const { places, unreadable } = parts.table;
    this.#unopened = places !== null || unreadable !== null || present !== null || presentAfter !== null;
    if (this.#unopened) return;
    this.before = this.#whole.before;
    this.after = parts.partial ? this.#different : this.#whole.after;
    if (parts.operation !== 'INSERT') this.before.open(parts.table, source);
    if (parts.operation !== 'DELETE') this.after.open(parts.table, source);
  }

  next(): boolean {
    if (this.#place >= this.#end) return false;
    if (this.#unopened) this.#openSparse();
    this.imageIndex = this.#imagesRead;
    if (this.operation !== 'INSERT') {
      this.#place = this.before.scan(this.#place, this.#end);
      this.#imagesRead++;
    }
    if (this.operation !== 'DELETE') {
      this.#place = this.after.scan(this.#place, this.#end);
      this.#imagesRead++;
    }
    return true;
  }

  rewind(): void {
    this.#place = this.#body.rowsStart;
    this.#imagesRead = 0;
    this.imageIndex = 0;
  }

  placeOf(column: string): number {
    return this.#compiled!.columns.findIndex(({ name }) => name === column);
  }

  countImages(): number {
    if (this.#compiled!.unreadable !== null) return 0;
    let images = 0;
    const { rowsStart, present, presentAfter } = this.#body;
    for (let place = rowsStart; place < this.#end; images++) {
      const isAfter = images % 2 === 1 && this.operation === 'UPDATE';
      place = this.#skip(place, isAfter ? presentAfter : present, isAfter && this.#partial);
    }
    if (this.operation === 'UPDATE' && images % 2 !== 0) {
      throw new BinlogError('EVENT_MALFORMED', 'an UPDATE event has a row without its after image');
    }
    return images;
  }

  #skip(place: number, present: Presence | null, partial: boolean): number {
    const { source } = this.#body;
    const table = this.#compiled!;
    if (partial) return skipPartialImage(table, source, place, this.#end, present);
    if (present !== null) return skipSparseImage(table, source, place, this.#end, present);
    return skipImage(table, source, place, this.#end);
  }

  #openSparse(): void {
    const { source, present, presentAfter } = this.#body;
    const table = this.#compiled!;
    if (table.unreadable !== null) throw table.unreadable;
    // Only MySQL has differences, and it always leaves columns out because it was told to.
    if (this.#partial) throw partialImage(table.map, (present ?? presentAfter)?.indexOf(0) ?? 0);
    this.#unopened = false;
    this.before = this.#sparse.before;
    this.after = this.#sparse.after;
    if (this.operation !== 'INSERT') this.#sparse.before.openSparse(table, source, present);
    if (this.operation !== 'DELETE') this.#sparse.after.openSparse(table, source, presentAfter);
  }
}
