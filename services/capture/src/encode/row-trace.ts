import { ByteWriter } from '@sluice/binlog';
import { isTraceparent, TRACEPARENT_LENGTH } from '@sluice/envelope';
import type { ValueImage } from '../model/publication.ts';
import type { RowGroup } from './record-format.ts';

/** A JSON string: with its quotes. */
const VALUE_BYTES = TRACEPARENT_LENGTH + 2;

/** From which trace each row of a group comes: as its column says, else its statement. */
export class RowTrace {
  readonly #value = new ByteWriter(64);
  #place: number | null = null;
  #ofStatement: string | null = null;

  /** What a snapshot reads was written long ago, by whom a column may still tell: those traces have ended. */
  beginGroup({ encoder, operation, traceparent }: RowGroup): void {
    this.#place = operation === 'SNAPSHOT' ? null : encoder.table.publication.traceColumn;
    this.#ofStatement = traceparent;
  }

  /** Null for a row of no trace, and for what is no `traceparent`. */
  of(image: ValueImage | null): string | null {
    const place = this.#place;
    if (place === null || image === null || image.isNull(place)) return this.#ofStatement;
    const value = this.#value;
    value.position = 0;
    image.write(place, value);
    if (value.position !== VALUE_BYTES) return this.#ofStatement;
    const text = value.bytes.toString('latin1', 1, VALUE_BYTES - 1);
    return isTraceparent(text) ? text : this.#ofStatement;
  }
}
