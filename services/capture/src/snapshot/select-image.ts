import { selectValueWriter, type ByteWriter, type Column } from '@sluice/binlog';
import type { ValueImage } from '../model/publication.ts';

/** A row that a SELECT gave, in the form of a binlog row image: one envelope writer serves both. */
export class SelectImage implements ValueImage {
  readonly #writers: readonly ((text: Buffer | null, out: ByteWriter) => void)[];
  row: readonly (Buffer | null)[] = [];

  constructor(columns: readonly Column[]) {
    this.#writers = columns.map((column) => selectValueWriter(column));
  }

  isNull(column: number): boolean {
    return (this.row[column] ?? null) === null;
  }

  write(column: number, out: ByteWriter): void {
    const writer = this.#writers[column];
    if (writer !== undefined) writer(this.row[column] ?? null, out);
  }
}
