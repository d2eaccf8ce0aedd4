/** Says for how long nothing has moved. Signs are whatever changes while all is well. Pure. */
export class ProgressWatch {
  #signs = '';
  #movedAt: number;

  /** @param nowMs any clock, in milliseconds; the same one for every call */
  constructor(nowMs: number) {
    this.#movedAt = nowMs;
  }

  /** Milliseconds since one of the signs was another than before. */
  standsFor(signs: readonly (number | bigint | string)[], nowMs: number): number {
    const text = signs.join(' ');
    if (text !== this.#signs) this.#movedAt = nowMs;
    this.#signs = text;
    return nowMs - this.#movedAt;
  }
}
