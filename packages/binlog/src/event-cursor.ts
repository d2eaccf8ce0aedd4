import { BinlogError } from './errors.ts';

/** Reads the parts of an event in order and never past its end; for events that come once per transaction or table. */
export class EventCursor {
  readonly source: Buffer;
  position: number;
  end: number;

  constructor(source: Buffer, start: number, end: number) {
    this.source = source;
    this.position = start;
    this.end = end;
  }

  get left(): number {
    return this.end - this.position;
  }

  /** Looks at another part of the same bytes, which must lie within the part looked at before. */
  move(start: number, end: number): void {
    this.position = start;
    this.end = end;
    if (start > end || end > this.source.length) throw outOfBounds();
  }

  /** Little endian, 1 to 6 bytes. */
  uint(width: number): number {
    const at = this.#advance(width);
    return width === 1 ? this.source[at]! : this.source.readUIntLE(at, width);
  }

  uint64(): bigint {
    return this.source.readBigUInt64LE(this.#advance(8));
  }

  /** Length-encoded integer of the client/server protocol; values beyond 2^53 − 1 are malformed here. */
  lengthEncoded(): number {
    const first = this.uint(1);
    if (first < 0xfb) return first;
    if (first === 0xfc) return this.uint(2);
    if (first === 0xfd) return this.uint(3);
    if (first !== 0xfe)
      throw new BinlogError('EVENT_MALFORMED', 'a length-encoded integer starts with 0xfb or 0xff');
    const value = this.uint64();
    if (value > 9_007_199_254_740_991n) throw outOfBounds();
    return Number(value);
  }

  /** A view, valid as long as the event's bytes. */
  take(length: number): Buffer {
    const at = this.#advance(length);
    return this.source.subarray(at, at + length);
  }

  skip(length: number): void {
    this.#advance(length);
  }

  text(length: number): string {
    return this.take(length).toString('utf8');
  }

  /** Text of a known length with a zero byte behind it that does not count. */
  nullTerminated(length: number): string {
    const text = this.text(length);
    this.skip(1);
    return text;
  }

  rest(): Buffer {
    return this.take(this.left);
  }

  #advance(length: number): number {
    const at = this.position;
    if (!(at + length <= this.end)) throw outOfBounds();
    this.position = at + length;
    return at;
  }
}

function outOfBounds(): BinlogError {
  return new BinlogError('EVENT_MALFORMED', 'the event is shorter than its contents say');
}
