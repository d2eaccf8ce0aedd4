import type { ByteWriter, RowImage, RowsEvent, TableMap } from '@sluice/binlog';

/** The values of one image as JSON texts, in column order. */
export type Image = readonly string[];

export interface Rows {
  readonly table: TableMap;
  readonly operation: 'INSERT' | 'UPDATE' | 'DELETE';
  readonly start: number;
  /** INSERT: after images, DELETE: before images, UPDATE: pairs. */
  readonly rows: readonly Image[] | readonly (readonly [before: Image, after: Image])[];
  /** STMT_END unless told otherwise. */
  readonly flags?: number;
}

class TextImage implements RowImage {
  readonly source = Buffer.alloc(0);
  values: Image = [];

  isNull(column: number): boolean {
    return this.values[column] === 'null';
  }

  sameValue(column: number, other: RowImage): boolean {
    return this.values[column] === (other as TextImage).values[column];
  }

  write(column: number, out: ByteWriter): void {
    const text = this.values[column] ?? '';
    out.reserve(text.length * 3);
    out.position += out.bytes.write(text, out.position);
  }
}

/** A rows event as a decoder hands it to its handler. */
export function rowsEvent({ table, operation, start, rows, flags = 1 }: Rows): RowsEvent {
  const before = new TextImage();
  const after = new TextImage();
  const images = operation === 'UPDATE' ? 2 : 1;
  let row = -1;
  return {
    table,
    operation,
    start,
    timestamp: 1_795_252_177,
    serverId: 11,
    flags,
    before,
    after,
    get imageIndex() {
      return row * images;
    },
    next() {
      row++;
      const values = rows[row];
      if (values === undefined) return false;
      before.values = (images === 2 ? values[0] : values) as Image;
      after.values = (images === 2 ? values[1] : values) as Image;
      return true;
    },
    rewind() {
      row = -1;
    },
    placeOf: (column) => table.columns.findIndex(({ name }) => name === column),
    countImages: () => rows.length * images,
  };
}
