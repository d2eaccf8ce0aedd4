import { formatSequence } from '@sluice/envelope';
import { PipelineError } from '@sluice/runtime';

const OFFSET_MAX = 9_999_999_999;
/** The digits of a sequence behind `SequenceCounter.prefix`: those that change from row to row. */
export const OFFSET_DIGITS = 10;

/**
 * Numbers row images within one binlog file (docs/envelope.md): the offset field is the event's start plus
 * the image's index in the event, or one more than the last number where that has already been passed (compressed
 * events hold more images than bytes). A function of the binlog alone: a second reading numbers the same.
 */
export class SequenceCounter {
  readonly generation: number;
  #file = 0;
  #floor = 0;
  /** The first nine digits of the current file's sequences. */
  prefix = '';

  constructor(generation: number) {
    this.generation = generation;
  }

  get file(): number {
    return this.#file;
  }

  /** The last offset used in this file. */
  get floor(): number {
    return this.#floor;
  }

  /** @param floor the last offset used in this file by an earlier reading, 0 when none */
  enterFile(file: number, floor: number): void {
    this.#file = file;
    this.#floor = floor;
    this.prefix = formatSequence(this.generation, file, 0).slice(0, 9);
  }

  /** The offset field of one image; throws SEQUENCE_EXHAUSTED past ten digits. */
  next(eventStart: number, imageIndex: number): number {
    const offset = Math.max(eventStart + imageIndex, this.#floor + 1);
    if (offset > OFFSET_MAX) {
      throw new PipelineError(
        'SEQUENCE_EXHAUSTED',
        `Offset ${offset} in binlog file ${this.#file} needs more than ten digits.`,
      );
    }
    this.#floor = offset;
    return offset;
  }

  /** Counts images whose numbers nobody needs: the same as calling `next` for each of them. */
  skip(eventStart: number, images: number): void {
    if (images > 0) this.#floor = Math.max(eventStart + images - 1, this.#floor + images);
  }

  /** The newest sequence given out, as text. */
  current(): string {
    return formatSequence(this.generation, this.#file, this.#floor);
  }
}
