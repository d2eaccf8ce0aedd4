import { ByteWriter, type RowsEvent } from '@sluice/binlog';
import type { ValueImage } from '../model/publication.ts';
import type { StreamPosition } from '../model/position.ts';
import type { OrphanRow, OrphanTable, RowValues } from './orphan.ts';

const scratch = new ByteWriter(1024);

/** The values of an image, by the places of the table's columns. */
export function valuesOf(image: ValueImage, { columns }: OrphanTable): RowValues {
  return columns.map((_column, place) => {
    if (image.isNull(place)) return null;
    scratch.position = 0;
    image.write(place, scratch);
    return scratch.bytes.toString('utf8', 0, scratch.position);
  });
}

/** The rows of an event, in their order. */
export function* rowsOf(rows: RowsEvent, table: OrphanTable, place: StreamPosition): Generator<OrphanRow> {
  rows.rewind();
  while (rows.next())
    yield {
      table,
      place,
      before: rows.operation === 'INSERT' ? null : valuesOf(rows.before, table),
      after: rows.operation === 'DELETE' ? null : valuesOf(rows.after, table),
    };
}
