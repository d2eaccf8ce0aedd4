import type { Flavour } from '@sluice/mysql';
import { GtidTracker } from './gtid-tracker.ts';

/** Where the first event of a binlog file begins (bytes). */
const FIRST_EVENT = 4;

/** The transactions that the stream has passed, as long as all of them have GTIDs: `gtid_mode` may change while it runs. */
export class KnownGtids {
  readonly #flavour: Flavour;
  #known: GtidTracker | null;
  /** What was written before this file, while none are known and no transaction of it was passed. */
  #before: GtidTracker | null = null;

  /** @param initial null where none are known */
  constructor(flavour: Flavour, initial: GtidTracker | null) {
    this.#flavour = flavour;
    this.#known = initial;
  }

  /**
   * All that was written before this file: where GTIDs were lost, they are known again by its first transaction, if that has
   * one. Until then it says nothing: a server without GTIDs writes an empty set, or the one that it had when it had them.
   *
   * @param position where the reading of the file began (bytes)
   */
  noteBefore(gtidSet: string | null, position: number): void {
    const isWhole = gtidSet !== null && position <= FIRST_EVENT;
    this.#before = isWhole ? new GtidTracker(this.#flavour, gtidSet) : null;
  }

  /** @param gtid of a transaction; null when it has none */
  pass(gtid: string | null): void {
    if (gtid !== null) {
      this.#known ??= this.#before;
      this.#known?.add(gtid);
    } else if (this.#flavour === 'mysql') this.#known = null;
    this.#before = null;
  }

  /** In the server's text form; null where not all have one. */
  get text(): string | null {
    return this.#known?.toString() ?? null;
  }
}
