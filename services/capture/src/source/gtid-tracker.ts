import { GtidSet, MariadbGtidPosition } from '@vlasky/zongji';
import type { Flavour } from '@sluice/mysql';
import { PipelineError } from '@sluice/runtime';

/**
 * The set of transactions that the stream has passed. Adding is on the hot path, so consecutive numbers of one source
 * are kept as a run and folded into the exact set only when somebody asks for the text.
 */
export class GtidTracker {
  readonly #flavour: Flavour;
  #folded: string;
  #prefix = '';
  #first = '';
  #last = '';
  #next = 0;

  /** @param initial the set or position in the server's own text form; '' is empty */
  constructor(flavour: Flavour, initial: string) {
    this.#flavour = flavour;
    this.#folded = initial;
  }

  /**
   * Throws SOURCE_DIVERGED when MariaDB counts from the beginning again.
   *
   * @param gtid `uuid:number`, `uuid:tag:number` or MariaDB's `domain-server-number`
   */
  add(gtid: string): void {
    const cut = gtid.lastIndexOf(this.#flavour === 'mysql' ? ':' : '-') + 1;
    const digits = gtid.slice(cut);
    const number = Number(digits);
    const follows = number === this.#next && cut === this.#prefix.length && gtid.startsWith(this.#prefix);
    if (!follows) {
      this.#fold();
      if (this.#flavour === 'mariadb') this.#checkCount(gtid.slice(0, cut), digits);
      this.#prefix = gtid.slice(0, cut);
      this.#first = digits;
    }
    this.#last = digits;
    // Beyond 2^53 a double cannot tell neighbours apart: such numbers never continue a run.
    this.#next = Number.isSafeInteger(number + 1) ? number + 1 : Number.NaN;
  }

  /** The whole set in the server's text form. */
  toString(): string {
    this.#fold();
    return this.#folded;
  }

  /**
   * RESET MASTER leaves a reader in the file that is gone: it waits there until the next file begins, and what was written to
   * the new one of the same name meanwhile never comes. Numbers that begin again are all that tells of it.
   */
  #checkCount(prefix: string, digits: string): void {
    const last = this.#folded.split(',').find((gtid) => gtid.startsWith(prefix));
    if (last === undefined || BigInt(digits) > BigInt(last.slice(prefix.length))) return;
    throw new PipelineError(
      'SOURCE_DIVERGED',
      `The source restarted its transaction numbers: ${prefix}${digits} follows ${last}. It was reset, and changes before this transaction may be missing.`,
    );
  }

  #fold(): void {
    if (this.#prefix === '') return;
    if (this.#flavour === 'mysql') {
      const run = `${this.#prefix}${this.#first}-${this.#last}`;
      this.#folded = GtidSet.parse(this.#folded === '' ? run : `${this.#folded},${run}`).toString();
    } else {
      const position = MariadbGtidPosition.parse(this.#folded);
      const [domainId = '0', serverId = '0'] = this.#prefix.split('-');
      position.add({ domainId: Number(domainId), serverId: Number(serverId), seqNo: this.#last });
      this.#folded = position.toString();
    }
    this.#prefix = '';
    this.#next = Number.NaN;
  }
}
