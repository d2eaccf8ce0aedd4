import { hasValidChecksum, refuseLostChecksum, requireChecksum } from './checksum.ts';
import { BinlogError } from './errors.ts';
import { CHECKSUM_BYTES, EVENT, FLAG, HEADER_BYTES, type EventHeader } from './event-types.ts';
import { readFormat } from './format-event.ts';
import { hasNoPlace, PositionTracker } from './position.ts';

export interface FrameOptions {
  readonly flavour: 'mysql' | 'mariadb';
  /** Whether events carry a CRC32 before the first format event has said so. */
  readonly checksum: boolean;
  readonly file: string;
  readonly position: number;
  /** Whether an event that does not begin where the one before it ended is refused. */
  readonly contiguous?: boolean;
}

/** What is around the body of an event: its header, its place in the file, and its checksum. */
export class EventFrame {
  /** Of the event that was opened last. */
  readonly header: EventHeader = { timestamp: 0, serverId: 0, type: 0, flags: 0, start: 0, end: 0 };
  readonly tracker: PositionTracker;
  /** Whether the events that follow carry a CRC32. */
  checksum: boolean;
  readonly #flavour: FrameOptions['flavour'];

  constructor({ flavour, checksum, file, position, contiguous }: FrameOptions) {
    this.#flavour = flavour;
    this.checksum = checksum;
    this.tracker = new PositionTracker(file, position, contiguous);
  }

  /** Whether the server made the event for this reader. */
  get isArtificial(): boolean {
    return (this.header.flags & FLAG.ARTIFICIAL) !== 0;
  }

  /**
   * Takes in the frame of an event that came as it is.
   * @returns where its body ends
   * @throws BinlogError
   */
  open(event: Buffer): number {
    if (!hasItsLength(event)) {
      throw new BinlogError('EVENT_MALFORMED', 'an event has not the length its header says', {
        length: event.length,
      });
    }
    const { header, tracker } = this;
    const position = event.readUInt32LE(13);
    this.#readHeader(event);
    const end = event.length - this.#checksumBytes(event, position);
    if (end < HEADER_BYTES) throw this.malformed('an event is too short for its checksum');
    header.start = hasNoPlace(header, position) ? tracker.end : tracker.advance(position, event.length);
    header.end = tracker.end;
    return end;
  }

  /**
   * Takes in the frame of an event of a compressed transaction. These have no place of their own and no checksum.
   * @param start the place that its rows are numbered by
   * @param end behind the event that holds them all: whatever commits commits there
   */
  openInner(event: Buffer, start: number, end: number): void {
    if (!hasItsLength(event)) throw this.malformed('an event in a compressed transaction is cut short');
    this.#readHeader(event);
    if (this.header.type === EVENT.TRANSACTION_PAYLOAD)
      throw this.unsupported('nested compressed transactions');
    this.header.start = start;
    this.header.end = end;
  }

  #readHeader(event: Buffer): void {
    const { header } = this;
    header.timestamp = event.readUInt32LE(0);
    header.type = event[4]!;
    header.serverId = event.readUInt32LE(5);
    header.flags = event.readUInt16LE(17);
  }

  /** Verifies the checksum and returns its length, 0 when the event has none. */
  #checksumBytes(event: Buffer, position: number): number {
    const { type } = this.header;
    if (type === EVENT.FORMAT_DESCRIPTION) {
      if (readFormat(event).checksum) requireChecksum(event, type, position);
      else refuseLostChecksum(event, position);
      return CHECKSUM_BYTES;
    }
    // Between two files the algorithm may change: the rotate event made for the reader is asked itself.
    if (type === EVENT.ROTATE && this.isArtificial) return hasValidChecksum(event) ? CHECKSUM_BYTES : 0;
    if (!this.checksum) return 0;
    requireChecksum(event, type, position);
    return CHECKSUM_BYTES;
  }

  unsupported(what: string): BinlogError {
    return new BinlogError('EVENT_UNSUPPORTED', `${what} cannot be decoded`, this.#place());
  }

  malformed(message: string, cause?: unknown): BinlogError {
    return new BinlogError('EVENT_MALFORMED', message, this.#place(), cause);
  }

  #place(): Record<string, string | number> {
    const { type, start } = this.header;
    return { file: this.tracker.file, start, type, flavour: this.#flavour };
  }
}

function hasItsLength(event: Buffer): boolean {
  return event.length >= HEADER_BYTES && event.readUInt32LE(9) === event.length;
}
