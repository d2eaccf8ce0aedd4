import {
  ByteWriter,
  type BinlogHandler,
  type RowImage,
  type RowsEvent,
  type TableMap,
} from '../../src/index.ts';

export interface RecordedRow {
  readonly operation: string;
  readonly start: number;
  readonly imageIndex: number;
  /** JSON text by column, null without that image. */
  readonly before: readonly string[] | null;
  readonly after: readonly string[] | null;
}

/** Keeps everything a decoder says: calls as short lines, rows by table. */
export class Recorder implements BinlogHandler {
  readonly calls: string[] = [];
  readonly rows = new Map<string, RecordedRow[]>();
  readonly maps = new Map<string, TableMap>();
  images = 0;
  readonly #out = new ByteWriter(64);
  readonly #only: string | null;

  /** @param only the database whose values are written; others are counted */
  constructor(only: string | null = null) {
    this.#only = only;
  }

  onFormat(...[format]: Parameters<BinlogHandler['onFormat']>): void {
    this.calls.push(
      `format ${format.createdAt > 0 ? 'dated' : 'undated'} ${format.artificial ? 'artificial' : 'real'}`,
    );
  }

  onRotate(file: string, position: number, artificial: boolean): void {
    this.calls.push(`rotate ${file} ${position} ${artificial ? 'artificial' : 'real'}`);
  }

  onBegin(...[begin]: Parameters<BinlogHandler['onBegin']>): void {
    this.calls.push(`begin ${begin.gtid} ${begin.start}${begin.lone ? ' lone' : ''}`);
  }

  onTableMap(map: TableMap): void {
    this.maps.set(`${map.database}.${map.table}`, map);
    this.calls.push(`table ${map.database}.${map.table}`);
  }

  onRows(event: RowsEvent): void {
    const images = event.countImages();
    this.images += images;
    this.calls.push(`rows ${event.table.table} ${event.operation} ${images} ${event.start}`);
    if (this.#only !== null && this.#only !== event.table.database) return;
    const kept = this.rows.get(event.table.table) ?? [];
    this.rows.set(event.table.table, kept);
    while (event.next()) {
      kept.push({
        operation: event.operation,
        start: event.start,
        imageIndex: event.imageIndex,
        before: event.operation === 'INSERT' ? null : this.#texts(event.before, event.table),
        after: event.operation === 'DELETE' ? null : this.#texts(event.after, event.table),
      });
    }
  }

  onCommit(end: number): void {
    this.calls.push(`commit ${end}`);
  }

  onQuery(...[query]: Parameters<BinlogHandler['onQuery']>): void {
    this.calls.push(`query ${query.closes ? 'closes' : 'within'} ${query.end} ${query.sql}`);
  }

  onHeartbeat(file: string, position: number): void {
    this.calls.push(`heartbeat ${file} ${position}`);
  }

  onUnknown(type: number): void {
    this.calls.push(`unknown ${type}`);
  }

  #texts(image: RowImage, map: TableMap): string[] {
    return map.columns.map((_column, index) => {
      this.#out.reset();
      image.write(index, this.#out);
      return this.#out.bytes.toString('utf8', 0, this.#out.position);
    });
  }
}
