import { NO_FACTS, type ColumnFacts } from './column-facts.ts';
import { BinlogError } from './errors.ts';
import { EventBodies } from './event-bodies.ts';
import { EventCursor } from './event-cursor.ts';
import { EventFrame } from './event-frame.ts';
import { EVENT, HEADER_BYTES } from './event-types.ts';
import { HandlerCalls } from './handler-calls.ts';
import type { BinlogHandler } from './handler.ts';
import { readPayload } from './inflate.ts';
import { PayloadEvents } from './payload-events.ts';
import type { TableMap } from './table-map.ts';

export interface DecoderOptions {
  /** Whether events carry a CRC32 before the first format event has said so. */
  readonly checksum: boolean;
  readonly flavour: 'mysql' | 'mariadb';
  /** Where the stream was asked to begin; the server's first event says it again. */
  readonly file: string;
  readonly position: number;
  /**
   * Whether the server sends every byte of its files: MySQL does when it is asked by position. By GTID it leaves out what the reader
   * has; MariaDB leaves out annotations.
   */
  readonly contiguous?: boolean;
  /**
   * What MariaDB's table maps do not tell; asked after `onTableMap` and before the first `onRows` of the map. Without it UUIDs
   * and addresses are bytes, and images without all columns cannot be read.
   */
  readonly columnFacts?: (map: TableMap) => ColumnFacts;
}

/** Turns the events of one connection into calls of a handler, one event at a time. */
export class BinlogDecoder {
  readonly #handler: HandlerCalls;
  readonly #frame: EventFrame;
  readonly #bodies: EventBodies;
  #dead = false;
  /** The compressed transaction that is being read. */
  #payload: PayloadEvents | null = null;

  constructor(handler: BinlogHandler, options: DecoderOptions) {
    this.#handler = new HandlerCalls(handler);
    this.#frame = new EventFrame(options);
    const { flavour, columnFacts = () => NO_FACTS } = options;
    this.#bodies = new EventBodies(this.#handler, this.#frame, { flavour, columnFacts });
  }

  /**
   * Takes one event, header included, without the packet's marker byte. The bytes may be reused afterwards. A compressed
   * transaction is unpacked at once, whatever memory it takes.
   *
   * @throws BinlogError, or what the handler threw; the decoder is dead afterwards
   */
  accept(event: Buffer): void {
    let left = this.#guarded(event, false);
    while (left > 0) left = this.resume();
  }

  /**
   * As `accept`, but nothing of what a compressed transaction holds is read yet: the caller can see to what one of its events
   * asks for (a table that was not known) before the next. Such an event must not be reused before its last `resume`.
   *
   * @returns bytes that `resume` has to read, which must be done before the next event; 0 when the event is done
   */
  start(event: Buffer): number {
    return this.#guarded(event, true);
  }

  /**
   * Unpacks the next event of the compressed transaction: to be waited for before each `resume`, undefined when there is
   * nothing to wait for. Takes the memory of that event and of a few pieces, whatever the size of the transaction.
   *
   * @throws BinlogError; the decoder is dead afterwards
   */
  unpack(): Promise<void> | undefined {
    return this.#payload?.unpack()?.catch((error: unknown) => {
      throw this.#dying(error);
    });
  }

  /** Reads the next event of the compressed transaction. @returns bytes that are left of it */
  resume(): number {
    return this.#guarded(null, true);
  }

  /** Every table map is told to the handler again when it comes again, whether it is known or not: not within a statement. */
  forgetTables(): void {
    this.#bodies.forgetTables();
  }

  #guarded(event: Buffer | null, inPieces: boolean): number {
    if (this.#dead) throw new BinlogError('EVENT_MALFORMED', 'the stream has ended with an error before');
    try {
      if (event !== null) this.#readEvent(event, inPieces);
      else if (this.#payload !== null) this.#nextOfPayload(this.#payload);
      return this.#payload === null ? 0 : this.#payload.left;
    } catch (error) {
      throw this.#dying(error);
    }
  }

  #dying(error: unknown): unknown {
    this.#dead = true;
    return this.#handler.isRunning || error instanceof BinlogError
      ? error
      : this.#frame.malformed('the event cannot be read', error);
  }

  #readEvent(event: Buffer, inPieces: boolean): void {
    const end = this.#frame.open(event);
    const { header } = this.#frame;
    if (header.type !== EVENT.TRANSACTION_PAYLOAD) return this.#bodies.read(event, end);
    const payload = readPayload(new EventCursor(event, HEADER_BYTES, end));
    this.#payload = new PayloadEvents(payload, header, inPieces);
  }

  /** Its events count on from the start of the event that holds them. */
  #nextOfPayload(payload: PayloadEvents): void {
    const { end } = payload;
    const start = payload.start + payload.taken;
    const inner = payload.next();
    this.#frame.openInner(inner, start, end);
    this.#bodies.read(inner, inner.length);
    if (payload.left === 0) this.#payload = null;
  }
}
