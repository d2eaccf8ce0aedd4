const TWO_32 = 4_294_967_296;

/**
 * The offset of every event in its binlog file, in 64 bits. A header holds the low 32 bits of where its event ends,
 * or 0 where the server had not yet placed it (MariaDB from 11.4 inside transactions): such an event starts where the
 * one before it ended.
 */
export class PositionTracker {
  file: string;
  /** Where the last event ended that has a place in the file. */
  end: number;

  constructor(file: string, position: number) {
    this.file = file;
    this.end = position;
  }

  /** A file begins, or the stream was placed in one. */
  moveTo(file: string, position: number): void {
    this.file = file;
    this.end = position;
  }

  /** Takes in an event that has a place in the file and returns the offset of its first byte. */
  advance(headerPosition: number, length: number): number {
    const start = headerPosition === 0 ? this.end : this.widen(headerPosition) - length;
    this.end = start + length;
    return start;
  }

  /** The first offset at or behind the last known one that has these low 32 bits. */
  widen(low: number): number {
    const candidate = Math.floor(this.end / TWO_32) * TWO_32 + low;
    return candidate >= this.end ? candidate : candidate + TWO_32;
  }
}
