import type { TopicPartition } from '@sluice/kafka';
import { PipelineError } from '@sluice/runtime';
import type { Delivery } from './sink.ts';

const GENERATION_DIGITS = 3;

/**
 * Generations never fall along a partition: capture opens each above all that a topic shows. One that does was opened
 * from a restored or lost checkpoint, and every guard would call its changes stale: better to stop than to look healthy.
 */
export class GenerationGuard {
  readonly #where: TopicPartition;
  #highest = '';
  #offset = -1n;

  constructor(where: TopicPartition) {
    this.#where = where;
  }

  /** Throws SOURCE_DIVERGED when the record is of an older generation than one before it in the log. */
  check({ offset, envelope }: Delivery): void {
    const generation = envelope.payload.sequence.slice(0, GENERATION_DIGITS);
    if (generation === this.#highest) return;
    if (generation < this.#highest && offset > this.#offset) {
      const { topic, partition } = this.#where;
      throw new PipelineError(
        'SOURCE_DIVERGED',
        `${topic}[${partition}] offset ${offset} is of generation ${generation}, after ${this.#highest}`,
        {
          context: { topic, partition, offset: String(offset), generation, highest: this.#highest },
        },
      );
    }
    if (generation > this.#highest) {
      this.#highest = generation;
      this.#offset = offset;
    }
  }
}
