import type { SeededRandom } from '@sluice/seeded-random';
import { noteCode } from './shop-rows.ts';
import { linesOfOrder } from './shop-data.ts';
import type { ShopSizes } from './shop-data.ts';

/** A set that can be picked from at random in constant time. */
export class KeyPool<Key> {
  readonly #keys: Key[] = [];
  readonly #places = new Map<Key, number>();
  readonly #least: number;
  readonly #most: number;

  /** `expected` keys, between half and double of it: outside of that the workload stops adding, or removing. */
  constructor(expected: number) {
    this.#least = Math.ceil(expected / 2);
    this.#most = expected * 2 + 20;
  }

  get size(): number {
    return this.#keys.length;
  }

  get isFull(): boolean {
    return this.size >= this.#most;
  }

  get isLow(): boolean {
    return this.size <= this.#least;
  }

  add(key: Key): void {
    if (this.#places.has(key)) throw new Error('key is already in the pool');
    this.#places.set(key, this.#keys.push(key) - 1);
  }

  remove(key: Key): void {
    const place = this.#places.get(key);
    if (place === undefined) throw new Error('key is not in the pool');
    const last = this.#keys.pop() as Key;
    this.#places.delete(key);
    if (last === key) return;
    this.#keys[place] = last;
    this.#places.set(last, place);
  }

  /** Up to `count` different keys. */
  pickSome(random: SeededRandom, count: number): Key[] {
    const picked = new Set<Key>();
    for (let tries = 0; tries < count * 2 && picked.size < count && this.size > 0; tries += 1) {
      picked.add(random.pick(this.#keys));
    }
    return [...picked];
  }
}

/**
 * The keys that one writer of the workload owns. Writers own disjoint keys, so the rows at the end depend on the
 * seed alone, not on how the server interleaved their transactions.
 */
export class LiveKeys {
  readonly customers: KeyPool<number>;
  readonly products: KeyPool<number>;
  readonly orders: KeyPool<number>;
  readonly notes: KeyPool<string>;
  /** Line numbers by order. */
  readonly lines = new Map<number, number[]>();
  readonly #step: number;
  #next: number;

  constructor(sizes: ShopSizes, writer: number, writers: number) {
    this.#step = writers;
    this.#next = 1_000_000 + writer;
    this.customers = new KeyPool(sizes.customers / writers);
    this.products = new KeyPool(sizes.products / writers);
    this.orders = new KeyPool(sizes.orders / writers);
    this.notes = new KeyPool(sizes.notes / writers);
    const owned = function* (count: number): Generator<number> {
      for (let number = 1 + writer; number <= count; number += writers) yield number;
    };
    for (const id of owned(sizes.customers)) this.customers.add(id);
    for (const id of owned(sizes.products)) this.products.add(id);
    for (const id of owned(sizes.notes)) this.notes.add(noteCode(id));
    for (const id of owned(sizes.orders)) {
      this.orders.add(id);
      this.lines.set(
        id,
        Array.from({ length: linesOfOrder(id) }, (_, index) => index + 1),
      );
    }
  }

  /** A number that no row of any writer has had. */
  fresh(): number {
    this.#next += this.#step;
    return this.#next;
  }
}
