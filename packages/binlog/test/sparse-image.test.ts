import { describe, expect, test } from 'vitest';
import { BinlogDecoder, BinlogError, type ColumnFacts, type RowsEvent } from '../src/index.ts';
import { eventBytes, lengthEncoded, tableMapBody, uint, type ColumnBytes } from './support/event-bytes.ts';
import { Recorder } from './support/recorder.ts';

const COLUMNS: readonly ColumnBytes[] = [
  { name: 'id', type: 3 },
  { name: 'twice', type: 3 },
  { name: 'note', type: 15, meta: uint(200, 2) },
  { name: 'shout', type: 15, meta: uint(200, 2) },
  { name: 'n', type: 1 },
];
const ALL = 0b11111;
const WITHOUT_GENERATED = 0b10101;

const map = eventBytes({ type: 19 }, tableMapBody(9, 'shop', 'notes', COLUMNS));
const text = (value: string): Buffer => Buffer.concat([Buffer.of(value.length), Buffer.from(value)]);
const whole = Buffer.concat([Buffer.of(0), uint(1, 4), uint(2, 4), text('hey'), text('HEY'), Buffer.of(7)]);
const sparse = Buffer.concat([Buffer.of(0), uint(1, 4), text('hey'), Buffer.of(7)]);
/** Bits for NULL of the three columns that are there: the second is. */
const sparseNull = Buffer.concat([Buffer.of(0b010), uint(1, 4), Buffer.of(8)]);

function rows(type: number, present: readonly number[], ...images: readonly Buffer[]): Buffer {
  const head = [uint(9, 6), uint(1, 2), uint(2, 2), lengthEncoded(COLUMNS.length), Buffer.from(present)];
  return eventBytes({ type }, Buffer.concat([...head, ...images]));
}

/** MariaDB's images of generated columns: all in an INSERT, none in an UPDATE or a DELETE. */
const EVENTS = [
  map,
  rows(30, [ALL], whole, whole),
  rows(31, [WITHOUT_GENERATED, WITHOUT_GENERATED], sparse, sparseNull, sparseNull, sparse),
  rows(32, [WITHOUT_GENERATED], sparse),
];

const FACTS: ColumnFacts = { namedTypes: new Map(), leftOut: new Set(['twice', 'shout']) };

function decode(recorder: Recorder, columnFacts?: () => ColumnFacts): Recorder {
  const options = { checksum: false, flavour: 'mariadb', file: 'f.000001', position: 4 } as const;
  const decoder = new BinlogDecoder(
    recorder,
    columnFacts === undefined ? options : { ...options, columnFacts },
  );
  for (const event of EVENTS) decoder.accept(event);
  return recorder;
}

class KeptRecorder extends Recorder {
  readonly values: string[] = [];

  override onRows(event: RowsEvent): void {
    while (event.next()) {
      for (const image of [event.before, event.after]) {
        if (image === (event.operation === 'INSERT' ? event.before : null)) continue;
        if (image === (event.operation === 'DELETE' ? event.after : null)) continue;
        this.values.push(
          [0, 1, 2].map((column) => (image.isNull(column) ? '-' : this.jsonOf(image, column))).join(' '),
        );
      }
    }
  }

  private jsonOf(image: RowsEvent['after'], column: number): string {
    const out = { bytes: Buffer.alloc(64), position: 0, reserve: () => undefined, reset: () => undefined };
    image.write(column, out);
    return out.bytes.toString('utf8', 0, out.position);
  }
}

/** Reads the rows of every event twice. */
class TwiceRecorder extends KeptRecorder {
  readonly places: number[][] = [];

  override onRows(event: RowsEvent): void {
    this.places.push(['id', 'twice', 'n', 'absent'].map((column) => event.placeOf(column)));
    super.onRows(event);
    event.rewind();
    super.onRows(event);
  }
}

describe('images without generated columns', () => {
  test('can be read again, and tell where a column is', () => {
    const once = new KeptRecorder();
    decode(once, () => FACTS);
    const twice = new TwiceRecorder();
    decode(twice, () => FACTS);
    const [inserted, updated, deleted] = [
      once.values.slice(0, 2),
      once.values.slice(2, 6),
      once.values.slice(6),
    ];
    expect(twice.values).toEqual([inserted, inserted, updated, updated, deleted, deleted].flat());
    expect(twice.places).toEqual(Array(3).fill([0, -1, 2, -1]));
  });

  test('give the others at places counted without them, whether the event has them or not', () => {
    const recorder = new KeptRecorder();
    decode(recorder, () => FACTS);
    const row = '1 "hey" 7';
    expect(recorder.values).toEqual([row, row, row, '1 - 8', '1 - 8', row, row]);
  });

  test('are counted though nobody says what they lack', () => {
    expect(decode(new Recorder('another')).images).toBe(7);
  });

  test('are refused when read without that', () => {
    for (const facts of [undefined, () => ({ ...FACTS, leftOut: new Set(['twice']) })]) {
      const work = (): unknown => decode(new KeptRecorder(), facts);
      expect(work).toThrow(BinlogError);
      expect(work).toThrow(/does not hold all columns/);
    }
  });

  test('are refused when cut short', () => {
    const cut = rows(32, [WITHOUT_GENERATED], sparse.subarray(0, 7));
    const options = { checksum: false, flavour: 'mariadb', file: 'f.000001', position: 4 } as const;
    for (const recorder of [new Recorder('another'), new KeptRecorder()]) {
      const decoder = new BinlogDecoder(recorder, { ...options, columnFacts: () => FACTS });
      decoder.accept(map);
      expect(() => decoder.accept(cut)).toThrow(/beyond the end/);
    }
  });
});
