import { BinlogError } from './errors.ts';
import { EVENT, FLAG, type EventHeader } from './event-types.ts';

const TWO_32 = 4_294_967_296;

/**
 * Artificial events and heartbeats stand in no file; nor does the format event sent in the middle of one.
 * @param position as the event's header has it
 */
export function hasNoPlace({ flags, type }: EventHeader, position: number): boolean {
  if ((flags & FLAG.ARTIFICIAL) !== 0 || type === EVENT.HEARTBEAT || type === EVENT.HEARTBEAT_V2) return true;
  return type === EVENT.FORMAT_DESCRIPTION && position === 0;
}

/**
 * The offset of every event in its binlog file, in 64 bits. A header holds the low 32 bits of where its event ends,
 * or 0 where the server had not yet placed it (MariaDB from 11.4 inside transactions): such an event starts where the
 * one before it ended.
 */
export class PositionTracker {
  file: string;
  /** Where the last event ended that has a place in the file. */
  end: number;
  readonly #contiguous: boolean;

  /** @param contiguous whether an event that does not begin where the one before it ended is refused */
  constructor(file: string, position: number, contiguous = false) {
    this.file = file;
    this.end = position;
    this.#contiguous = contiguous;
  }

  /** A file begins, or the stream was placed in one. */
  moveTo(file: string, position: number): void {
    this.file = file;
    this.end = position;
  }

  /**
   * Takes in an event that has a place in the file and returns the offset of its first byte.
   * @throws BinlogError EVENT_MISSING
   */
  advance(headerPosition: number, length: number): number {
    const start = headerPosition === 0 ? this.end : this.widen(headerPosition) - length;
    if (this.#contiguous && start !== this.end) throw missing(this.file, this.end, start);
    this.end = start + length;
    return start;
  }

  /** The first offset at or behind the last known one that has these low 32 bits. */
  widen(low: number): number {
    const candidate = Math.floor(this.end / TWO_32) * TWO_32 + low;
    return candidate >= this.end ? candidate : candidate + TWO_32;
  }
}

function missing(file: string, end: number, start: number): BinlogError {
  const message = `in ${file} an event begins at ${start}, and the one before it ended at ${end}`;
  return new BinlogError('EVENT_MISSING', message, { file, end, start });
}
