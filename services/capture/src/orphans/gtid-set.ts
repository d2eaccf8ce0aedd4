import type { Flavour } from '@sluice/mysql';

/** First and last number, both included. */
type Interval = readonly [bigint, bigint];

/**
 * Which transactions a server has, by what it says itself. MySQL: `gtid_executed`. MariaDB: `gtid_binlog_state`, the newest of each domain
 * and server; a server's numbers rise within a domain, so it has all of that server up to there.
 */
export class GtidSet {
  readonly #flavour: Flavour;
  /** By `uuid`, `uuid:tag` or `domain-server`, in rising order, none next to another. */
  readonly #intervals: ReadonlyMap<string, readonly Interval[]>;

  /** @param text the server's form; '' is none. Throws RangeError for anything else */
  static parse(flavour: Flavour, text: string): GtidSet {
    const parts = text.replace(/\s/gu, '').toLowerCase().split(',');
    const parse = flavour === 'mysql' ? mysqlIntervals : mariadbIntervals;
    return new GtidSet(
      flavour,
      parts.filter((part) => part !== '').flatMap((part) => parse(part)),
    );
  }

  /** These transactions alone. */
  static of(flavour: Flavour, gtids: readonly string[]): GtidSet {
    return new GtidSet(
      flavour,
      gtids.map((gtid) => {
        const { origin, number } = split(gtid, flavour);
        return [origin, [number, number]];
      }),
    );
  }

  private constructor(flavour: Flavour, intervals: Iterable<readonly [string, Interval]>) {
    this.#flavour = flavour;
    const byOrigin = Map.groupBy(intervals, ([origin]) => origin);
    this.#intervals = new Map(
      [...byOrigin].map(([origin, own]) => [origin, merged(own.map(([, interval]) => interval))]),
    );
  }

  has(gtid: string): boolean {
    const { origin, number } = split(gtid, this.#flavour);
    return this.#of(origin).some(([first, last]) => number >= first && number <= last);
  }

  /** All of this set and of the other one. */
  with(other: GtidSet): GtidSet {
    return new GtidSet(this.#flavour, [...this.#all(), ...other.#all()]);
  }

  /** What is in this set and not in the other. */
  minus(other: GtidSet): GtidSet {
    return new GtidSet(
      this.#flavour,
      [...this.#all()].flatMap(([origin, interval]) =>
        without(interval, other.#of(origin)).map((left): [string, Interval] => [origin, left]),
      ),
    );
  }

  /**
   * MariaDB: what a server of this state has of another one's history. A position of a backup names the newest transaction of a domain
   * only; the domain's order tells that all of the other's before their newest common one are there as well. Of an
   * origin that this state names it has no more than it says: two servers may have written to one domain at a time.
   */
  completedBy(other: GtidSet): GtidSet {
    if (this.#flavour === 'mysql') return this;
    const common = new Map<string, bigint>();
    for (const origin of this.#intervals.keys()) {
      const [own, others] = [lastOf(this.#of(origin)), lastOf(other.#of(origin))];
      const both = own < others ? own : others;
      const domain = domainOf(origin);
      if (both > (common.get(domain) ?? 0n)) common.set(domain, both);
    }
    const older = [...other.#all()].flatMap(([origin, [first, last]]): [string, Interval][] => {
      const limit = this.#intervals.has(origin) ? 0n : (common.get(domainOf(origin)) ?? 0n);
      return first > limit ? [] : [[origin, [first, last < limit ? last : limit]]];
    });
    return new GtidSet(this.#flavour, [...this.#all(), ...older]);
  }

  get isEmpty(): boolean {
    return this.#intervals.size === 0;
  }

  /** MySQL: as the server writes it. MariaDB, which has no such form: `0-1-5 to 0-1-9`. */
  toString(): string {
    const parts = [...this.#intervals].flatMap(([origin, own]) => {
      if (this.#flavour === 'mysql')
        return [[origin, ...own.map(([first, last]) => rangeText(first, last, ''))].join(':')];
      return own.map(([first, last]) => rangeText(first, last, `${origin}-`));
    });
    return parts.join(this.#flavour === 'mysql' ? ',' : ', ');
  }

  #of(origin: string): readonly Interval[] {
    return this.#intervals.get(origin) ?? [];
  }

  *#all(): Generator<[string, Interval]> {
    for (const [origin, own] of this.#intervals) for (const interval of own) yield [origin, interval];
  }
}

/** MySQL: `uuid:number`, `uuid:tag:number`; MariaDB: `domain-server-number`. */
function split(gtid: string, flavour: Flavour): { readonly origin: string; readonly number: bigint } {
  const cut = gtid.lastIndexOf(flavour === 'mysql' ? ':' : '-');
  return { origin: gtid.slice(0, cut).toLowerCase(), number: BigInt(gtid.slice(cut + 1)) };
}

/** `uuid:1-5:7` or `uuid:1-5:tag:1-2:other:1`. */
function mysqlIntervals(part: string): [string, Interval][] {
  const [uuid = '', ...rest] = part.split(':');
  let origin = uuid;
  return rest.flatMap((piece): [string, Interval][] => {
    if (/^[a-z_]\w*$/u.test(piece)) {
      origin = `${uuid}:${piece}`;
      return [];
    }
    const [, first, last] = /^(\d+)(?:-(\d+))?$/u.exec(piece) ?? [];
    if (first === undefined) throw new RangeError(`"${part}" is no GTID set`);
    return [[origin, [BigInt(first), BigInt(last ?? first)]]];
  });
}

function mariadbIntervals(part: string): [string, Interval][] {
  if (!/^\d+-\d+-\d+$/u.test(part)) throw new RangeError(`"${part}" is no GTID`);
  const { origin, number } = split(part, 'mariadb');
  return [[origin, [1n, number]]];
}

function merged(intervals: readonly Interval[]): readonly Interval[] {
  const merging: [bigint, bigint][] = [];
  for (const [first, last] of intervals.toSorted(([a], [b]) => (a < b ? -1 : Number(a > b)))) {
    const before = merging.at(-1);
    if (before === undefined || first > before[1] + 1n) merging.push([first, last]);
    else if (last > before[1]) before[1] = last;
  }
  return merging;
}

function without([first, last]: Interval, others: readonly Interval[]): Interval[] {
  const left: Interval[] = [];
  let next = first;
  for (const [from, to] of others) {
    if (to < next) continue;
    if (from > last) break;
    if (from > next) left.push([next, from - 1n]);
    next = to + 1n;
  }
  if (next <= last) left.push([next, last]);
  return left;
}

function lastOf(intervals: readonly Interval[]): bigint {
  return intervals.at(-1)?.[1] ?? 0n;
}

function domainOf(origin: string): string {
  return origin.slice(0, origin.indexOf('-'));
}

function rangeText(first: bigint, last: bigint, origin: string): string {
  if (first === last) return `${origin}${first}`;
  return origin === '' ? `${first}-${last}` : `${origin}${first} to ${origin}${last}`;
}

/** The newest transaction of each domain, of GTIDs in the order of a binlog (MariaDB): a position as `gtid_slave_pos` takes it. */
export class MariadbPosition {
  readonly #newest = new Map<string, string>();

  constructor(text: string) {
    for (const gtid of text.split(',').map((part) => part.trim())) if (gtid !== '') this.pass(gtid);
  }

  pass(gtid: string): void {
    this.#newest.set(domainOf(gtid), gtid);
  }

  toString(): string {
    return [...this.#newest.values()].join(',');
  }
}
