import type { Sequence } from '@sluice/envelope';
import { PipelineError } from '@sluice/runtime';
import { binlogFileNumber, isAtOrPast, type StreamPosition } from '../model/position.ts';
import { SequenceCounter } from '../model/sequence-counter.ts';
import type { StreamProgress } from '../source/stream-progress.ts';
import type { ResumePoint } from '../state/resume-point.ts';
import type { StreamTransaction } from './stream-transaction.ts';

/** Where the stream stands: the place in the binlog, the numbers it has given out, and what of it was published before. */
export class StreamPlace {
  readonly sequence: SequenceCounter;
  readonly #resume: ResumePoint;
  #isSkipping: boolean;
  #position: StreamPosition;
  /** The end of the last transaction, or where this reading began. */
  #closedAt: StreamPosition;
  /** Binlog file name as a JSON string. */
  fileJson = '""';
  /** Creation time of the present file (seconds since 1970), 0 before its format event was seen. */
  fileCreatedAt: number;

  constructor(generation: number, resume: ResumePoint) {
    this.sequence = new SequenceCounter(generation);
    this.#resume = resume;
    this.#isSkipping = resume.publishedThrough !== null;
    this.#position = { file: resume.file, position: resume.position };
    this.#closedAt = this.#position;
    this.fileCreatedAt = resume.fileCreatedAt;
  }

  /** The end of the last transaction or of what heartbeats say was passed over. */
  get position(): StreamPosition {
    return this.#position;
  }

  /** The highest sequence given out, by this reading or an earlier one. */
  get highest(): Sequence {
    const current = this.sequence.current();
    return current > this.#resume.highest ? current : this.#resume.highest;
  }

  /**
   * Whether a transaction of which an earlier reading has published a part is still to be read again. No number may be taken
   * before: its rows are told apart by the numbers that they had.
   */
  get isSkipping(): boolean {
    return this.#isSkipping;
  }

  /** Whether file and position say what was published; else only the GTID set does, and a later reading continues by it. */
  get isNamed(): boolean {
    const { gtidsUntil } = this.#resume;
    return gtidsUntil === null || isAtOrPast(this.#position, gtidsUntil);
  }

  hasPassed(mark: StreamPosition): boolean {
    return isAtOrPast(this.#position, mark);
  }

  /** Whether a record with this sequence offset was published by an earlier reading. On the hot path. */
  wasPublished(offset: number): boolean {
    if (!this.#isSkipping) return false;
    const through = this.#resume.publishedThrough;
    const { file } = this.sequence;
    if (through === null || file > through.fileNumber) return false;
    return file < through.fileNumber || offset <= through.offset;
  }

  /**
   * Takes a number for a snapshot that begins now, between two transactions and not while `isSkipping`: everything published before is below it, rows
   * of earlier snapshots at this position too, and none of its own rows is. The next transaction's images stand behind
   * that transaction's first event, so theirs are what they would be without it.
   */
  beginSnapshot(): Sequence {
    this.sequence.next(this.#position.position, 1);
    return this.sequence.current();
  }

  /** The sequence fields of rows that were read up to `mark`, now that the stream has passed it. */
  snapshotSequence(mark: StreamPosition): { readonly prefix: string; readonly offset: number } {
    const { file, floor, prefix } = this.sequence;
    const isSameFile = binlogFileNumber(mark.file) === file;
    return { prefix, offset: isSameFile ? Math.max(mark.position, floor) : floor };
  }

  /** The next events stand in `file` from `position` on. */
  enterFile(file: string, position: number): void {
    const number = binlogFileNumber(file);
    if (number !== this.sequence.file) {
      this.sequence.enterFile(number, file === this.#resume.file ? this.#resume.floor : 0);
    }
    if (file !== this.#position.file) this.fileCreatedAt = 0; // that of the file before is not its own
    this.fileJson = JSON.stringify(file);
    this.#position = { file, position };
  }

  /** What a snapshot's SELECT must at least see: all that was read, an open transaction included. */
  progress({ open, gtid, start }: Readonly<StreamTransaction>, gtidSet: string | null): StreamProgress {
    const { file } = this.#position;
    // No set of GTIDs holds an open transaction that has none.
    const known = open && gtid === null ? null : gtidSet;
    const openGtid = open ? `,${gtid}` : '';
    return {
      gtidSet: known === null ? null : `${known}${openGtid}`.replace(/^,/, ''),
      position: open ? { file, position: start + 1 } : this.#closedAt,
    };
  }

  /**
   * The same file name with another creation time is another file. Throws SOURCE_DIVERGED.
   * @param createdAt seconds since 1970
   */
  noteCreatedAt(createdAt: number): void {
    const { file, fileCreatedAt } = this.#resume;
    const isSameFile = fileCreatedAt > 0 && createdAt > 0 && this.#position.file === file;
    if (isSameFile && createdAt !== fileCreatedAt) {
      throw new PipelineError(
        'SOURCE_DIVERGED',
        `The source's ${file} is not the file that was read before: the server was reset or replaced.`,
      );
    }
    this.fileCreatedAt = createdAt;
  }

  /** A transaction ends at `end`. */
  close(end: number): void {
    this.#isSkipping = false;
    this.#position = { file: this.#position.file, position: end };
    this.#closedAt = this.#position;
  }

  /** Between two transactions the source says that nothing up to here is for this reader. */
  passOver(mark: StreamPosition): void {
    if (mark.file === this.#position.file && !isAtOrPast(this.#position, mark)) this.#position = mark;
  }
}
