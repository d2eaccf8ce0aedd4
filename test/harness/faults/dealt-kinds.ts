import type { SeededRandom } from '@sluice/seeded-random';

/** Deals kinds by chance, as cards: each as often as it is given before any comes again, so that a short run has seen all. Pure but for the chance. */
export class DealtKinds<T> {
  readonly #all: readonly T[];
  readonly #random: SeededRandom;
  #left: T[] = [];

  /** @param all at least one; what is to come more often stands there more often */
  constructor(all: readonly T[], random: SeededRandom) {
    this.#all = all;
    this.#random = random;
  }

  next(): T {
    if (this.#left.length === 0) this.#left = [...this.#all];
    const [dealt] = this.#left.splice(this.#random.integer(0, this.#left.length - 1), 1);
    return dealt as T;
  }
}
