import type { TableMap } from '@sluice/binlog';
import type { BufferMark, PublishBuffer } from '../encode/publish-buffer.ts';
import type { TableRoute } from './table-route.ts';

/** A place within a group: the end of what its buffer held then. */
interface Place {
  buffer: PublishBuffer;
  readonly mark: BufferMark;
}

/** The rows of captured tables that the open group has put into the buffer, so that they can be taken back. */
export class GroupRows {
  /** The first table of the group. Most groups have no other, and to empty a map costs more than the rest of a group. */
  #first: TableMap | null = null;
  #firstRoute: TableRoute | null = null;
  readonly #others = new Map<TableMap, TableRoute | null>();
  readonly #begin: Place;
  readonly #savepoints = new Map<string, Place>();
  #latest: TableMap | null = null;
  /** That something was told between the rows which must not be taken back: a new version of a table. */
  #isTold = false;
  /** That some of the rows were published by an earlier reading. */
  #isPublished = false;

  constructor(buffer: PublishBuffer) {
    this.#begin = { buffer, mark: { mark: 0, rows: 0 } };
  }

  /** A new group: nothing of the one before can be taken back any more. */
  begin(isPublished: boolean): void {
    this.#first = null;
    this.#latest = null;
    if (this.#others.size > 0) this.#others.clear();
    if (this.#savepoints.size > 0) this.#savepoints.clear();
    this.#isTold = false;
    this.#isPublished = isPublished;
  }

  get isEmpty(): boolean {
    return this.#first === null;
  }

  /** The tables that have rows in the group. The route is null for one that is stopped. */
  get tables(): ReadonlyMap<TableMap, TableRoute | null> {
    if (this.#first === null) return this.#others;
    return new Map([[this.#first, this.#firstRoute], ...this.#others]);
  }

  /** A new version of a table is told. Before the first row that is nothing which would be taken back. */
  noteTold(): void {
    this.#isTold ||= !this.isEmpty || this.#savepoints.size > 0;
  }

  /** Rows of this table follow. Called for each rows event. */
  note(map: TableMap, route: TableRoute | null, buffer: PublishBuffer): void {
    if (map === this.#latest) return;
    this.#latest = map;
    if (this.#first === null) {
      this.#first = map;
      this.#firstRoute = route;
      this.#open(buffer);
    } else if (map !== this.#first) this.#others.set(map, route);
  }

  /** Once for each group that has rows; a savepoint may have come before. */
  #open(buffer: PublishBuffer): void {
    this.#begin.buffer = buffer;
    buffer.note(this.#begin.mark, this.#savepoints.size === 0);
  }

  /** Names of savepoints have no case. */
  savepoint(name: string, buffer: PublishBuffer): void {
    const place = { buffer, mark: { mark: 0, rows: 0 } };
    buffer.note(place.mark, this.isEmpty && this.#savepoints.size === 0);
    this.#savepoints.set(name.toLowerCase(), place);
  }

  /**
   * Takes back what the group has written, or what it has since a savepoint.
   * @param buffer the one that is being filled
   * @returns false, and nothing is done, when some of it is no longer in the buffer
   */
  undo(savepoint: string | null, buffer: PublishBuffer): boolean {
    // Its beginning is noted with its first row: until then that of an earlier group stands there.
    if (this.isEmpty) return true;
    const place = savepoint === null ? this.#begin : this.#savepoints.get(savepoint.toLowerCase());
    if (place?.buffer !== buffer || this.#isTold || this.#isPublished) return false;
    if (!buffer.undo(place.mark)) return false;
    // A chunk that is being read leaves out the rows that the stream has: it would miss these.
    for (const route of this.tables.values()) if (route?.recorder) route.recorder.disturbed = true;
    return true;
  }
}
