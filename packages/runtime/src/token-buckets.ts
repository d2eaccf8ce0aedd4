export interface BucketOptions {
  /** Taken at once by who has taken nothing for a while. */
  readonly burst: number;
  /** Given back each second. */
  readonly perSecond: number;
  /** Names that are remembered at most; whoever was seen longest ago is forgotten first, and begins with a full bucket again. */
  readonly names: number;
  /** Milliseconds, from any beginning. */
  readonly now?: () => number;
}

interface Bucket {
  readonly left: number;
  readonly atMs: number;
}

/** How often each of many may do something: a bucket of tokens for each name, in bounded memory. */
export class TokenBuckets {
  readonly #options: BucketOptions;
  readonly #now: () => number;
  /** Whoever was seen last is last. */
  readonly #buckets = new Map<string, Bucket>();

  constructor(options: BucketOptions) {
    this.#options = options;
    this.#now = options.now ?? (() => performance.now());
  }

  /** 0 when a token was there and is taken; else the seconds until there will be one. */
  take(name: string): number {
    const { burst, perSecond, names } = this.#options;
    const atMs = this.#now();
    const before = this.#buckets.get(name) ?? { left: burst, atMs };
    const full = Math.min(burst, before.left + ((atMs - before.atMs) / 1000) * perSecond);
    const isTaken = full >= 1;
    this.#buckets.delete(name);
    this.#buckets.set(name, { left: isTaken ? full - 1 : full, atMs });
    for (const oldest of this.#buckets.keys()) {
      if (this.#buckets.size <= names) break;
      this.#buckets.delete(oldest);
    }
    return isTaken ? 0 : (1 - full) / perSecond;
  }

  /** Names that are remembered. */
  get size(): number {
    return this.#buckets.size;
  }
}

/** What stands for one client: an IPv6 network of 64 bits is given to one customer (RFC 6177), with 2^64 addresses to come from. */
export function clientOf(address: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/u.exec(address)?.[1];
  if (mapped !== undefined || !address.includes(':')) return mapped ?? address;
  const [head = '', tail = ''] = address.replace(/%.*$/u, '').split('::');
  const [front, back] = [head, tail].map((part) => part.split(':').filter((group) => group !== ''));
  const known = (front?.length ?? 0) + (back?.length ?? 0);
  const zeros = address.includes('::') ? Array<string>(Math.max(0, 8 - known)).fill('0') : [];
  return [...(front ?? []), ...zeros, ...(back ?? [])].slice(0, 4).join(':');
}
