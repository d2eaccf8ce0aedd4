import { expect, test } from 'vitest';
import { BinlogDecoder, type RowsEvent } from '../src/index.ts';
import { eventBytes } from './support/event-bytes.ts';
import { Recorder } from './support/recorder.ts';

/** What MariaDB 10.11 wrote of `INSERT INTO t1dec102 VALUES (-999.99)`, a table of MySQL 4.1 with `a DECIMAL(10,2)`. */
const TABLE_MAP = '1200000000000100047465737400087431646563313032000100000101010004020161';
const WRITE_ROWS = '12000000000001000101fe20202020202d3939392e3939';

class RowsOnly extends Recorder {
  readonly #look: (event: RowsEvent) => void;

  constructor(look: (event: RowsEvent) => void) {
    super();
    this.#look = look;
  }

  override onRows(event: RowsEvent): void {
    this.#look(event);
  }
}

function decode(look: (event: RowsEvent) => void): void {
  const options = { checksum: false, flavour: 'mariadb', file: 'f.000001', position: 4 } as const;
  const decoder = new BinlogDecoder(new RowsOnly(look), options);
  decoder.accept(eventBytes({ type: 19 }, Buffer.from(TABLE_MAP, 'hex')));
  decoder.accept(eventBytes({ type: 23 }, Buffer.from(WRITE_ROWS, 'hex')));
}

test('rows with a DECIMAL of before MySQL 5.0, whose width no event tells, are passed over where nobody reads them', () => {
  const counts: number[] = [];
  decode((event) => counts.push(event.countImages()));
  expect(counts).toEqual([0]);
});

test('who reads them is told which column it is', () => {
  const read = (): void => decode((event) => void event.next());
  expect(read).toThrow(
    expect.objectContaining({
      code: 'COLUMN_TYPE_UNSUPPORTED',
      message: 'test.t1dec102.a: column a has type 0, which cannot be decoded',
    }),
  );
});
