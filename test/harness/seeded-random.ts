import { randomInt } from 'node:crypto';

/** Chance that can be repeated: the seed is printed, and taken from SLUICE_TEST_SEED when that is set. */
export class SeededRandom {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** From 0 (included) to 1 (excluded); mulberry32. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  /** A whole number, both ends included. */
  integer(least: number, most: number): number {
    return least + Math.floor(this.next() * (most - least + 1));
  }

  chance(probability: number): boolean {
    return this.next() < probability;
  }
}

/** The seed of this run; `what` is printed beside it. */
export function announceSeed(what: string): number {
  const seed = Number(process.env['SLUICE_TEST_SEED'] ?? randomInt(2 ** 31));
  process.stderr.write(`${what}: SLUICE_TEST_SEED=${seed}\n`);
  return seed;
}

/** A size of a test: the default fits `npm test`; the environment variable is for long runs. */
export function testSize(variable: string, byDefault: number): number {
  return Number(process.env[variable] ?? byDefault);
}
