import { HEADER_BYTES } from './event-types.ts';
import { MAX_UNPACKED_BYTES, unpackAtOnce, unpackInPieces, wrongLength, type Payload } from './inflate.ts';

/** What is unpacked at once: most transactions are small, and waiting for pieces would cost them more than it spares. */
const AT_ONCE_BYTES = 1024 * 1024;
const LENGTH_AT = 9;
const NOTHING = Buffer.alloc(0);

/**
 * The events inside a compressed transaction, one after the other. A large one is unpacked in pieces, a few of which are in
 * memory besides the event that is being read.
 */
export class PayloadEvents {
  /** Where the event that holds them begins in its file, and ends. */
  readonly start: number;
  readonly end: number;
  /** Unpacked bytes of the events that were taken. */
  taken = 0;
  readonly #size: number;
  /** Null when everything is in the one piece. */
  readonly #pieces: AsyncGenerator<Buffer, void> | null;
  #piece: Buffer;
  #at = 0;
  /** The next event, when no piece holds it whole. */
  #gathered: Buffer | null = null;

  /**
   * @param place of the event that holds them
   * @param inPieces false to unpack at once whatever the size
   * @throws BinlogError PAYLOAD_UNREADABLE
   */
  constructor(payload: Payload, place: { readonly start: number; readonly end: number }, inPieces: boolean) {
    this.start = place.start;
    this.end = place.end;
    this.#size = payload.size;
    const isLarge = payload.isPacked && payload.size > AT_ONCE_BYTES;
    this.#pieces = isLarge && inPieces ? unpackInPieces(payload) : null;
    this.#piece = this.#pieces === null ? unpackAtOnce(payload) : NOTHING;
  }

  /** Unpacked bytes that were not taken yet. */
  get left(): number {
    return this.#size - this.taken;
  }

  /**
   * Unpacks what `next` will return; undefined when that is there already.
   *
   * @throws BinlogError PAYLOAD_UNREADABLE
   */
  unpack(): Promise<void> | undefined {
    if (this.#pieces === null || this.#gathered !== null || this.#holdsNext()) return undefined;
    return this.#gather(this.#pieces);
  }

  /** The next event, valid until the next call; of another length than its header says when it is cut short. */
  next(): Buffer {
    const event = this.#gathered ?? this.#nextOfPiece();
    this.#gathered = null;
    this.taken += event.length;
    return event;
  }

  #nextOfPiece(): Buffer {
    const piece = this.#piece;
    const at = this.#at;
    if (at + HEADER_BYTES > piece.length) return NOTHING;
    this.#at += piece.readUInt32LE(at + LENGTH_AT);
    return piece.subarray(at, this.#at);
  }

  #holdsNext(): boolean {
    const piece = this.#piece;
    const at = this.#at;
    return at + HEADER_BYTES <= piece.length && at + piece.readUInt32LE(at + LENGTH_AT) <= piece.length;
  }

  async #gather(pieces: AsyncGenerator<Buffer, void>): Promise<void> {
    const header = Buffer.allocUnsafe(Math.min(HEADER_BYTES, this.left));
    this.#gathered = header;
    await this.#fill(header, 0, pieces);
    if (header.length < HEADER_BYTES) return;
    const length = header.readUInt32LE(LENGTH_AT);
    if (length <= HEADER_BYTES || length > Math.min(this.left, MAX_UNPACKED_BYTES)) return;
    this.#gathered = Buffer.allocUnsafe(length);
    header.copy(this.#gathered);
    await this.#fill(this.#gathered, HEADER_BYTES, pieces);
  }

  async #fill(event: Buffer, from: number, pieces: AsyncGenerator<Buffer, void>): Promise<void> {
    for (let filled = from; filled < event.length;) {
      if (this.#at === this.#piece.length) {
        const { value } = await pieces.next();
        if (value === undefined) throw wrongLength();
        this.#piece = value;
        this.#at = 0;
      }
      const copied = this.#piece.copy(event, filled, this.#at);
      this.#at += copied;
      filled += copied;
    }
  }
}
