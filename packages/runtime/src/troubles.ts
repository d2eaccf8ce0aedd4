import type { ErrorCode, PipelineError } from './errors.ts';

/** One error as an operator sees it: what, since when, seen last when, and whether it is over. Times are ISO 8601. */
export interface Trouble {
  readonly code: ErrorCode;
  readonly message: string;
  /** When it was first seen since all was well. */
  readonly since: string;
  /** When it was seen last. */
  readonly at: string;
  /** When what it was about worked again; null while it does not. */
  readonly resolvedAt: string | null;
}

/**
 * What a service has trouble with at this moment, by what it is about: `kafka`, a partition. An error stands until its own
 * subject works again, so that news of one never hides another. As many entries as there are subjects.
 */
export class Troubles {
  readonly #now: () => number;
  readonly #open = new Map<string, Trouble>();
  #resolved: Trouble | null = null;

  /** @param now milliseconds since 1970 */
  constructor(now: () => number = Date.now) {
    this.#now = now;
  }

  /** Another try has failed. The same code continues since its first time; another one begins again. */
  note(about: string, { code, message }: PipelineError): void {
    const at = this.#time();
    const known = this.#open.get(about);
    this.#open.delete(about); // the newest one stands last
    this.#open.set(about, {
      code,
      message,
      since: known?.code === code ? known.since : at,
      at,
      resolvedAt: null,
    });
  }

  /** It works again. No effect when nothing was wrong. */
  over(about: string): void {
    const known = this.#open.get(about);
    if (known === undefined) return;
    this.#open.delete(about);
    this.#resolved = { ...known, resolvedAt: this.#time() };
  }

  /** Those of these subjects only go on: the others are no longer this service's. */
  keepOnly(isOurs: (about: string) => boolean): void {
    for (const about of this.#open.keys()) if (!isOurs(about)) this.over(about);
  }

  of(about: string): Trouble | null {
    return this.#open.get(about) ?? null;
  }

  /** The newest error that stands; else the one that was over last; null when there was none. */
  get lastError(): Trouble | null {
    return [...this.#open.values()].at(-1) ?? this.#resolved;
  }

  #time(): string {
    return new Date(this.#now()).toISOString();
  }
}
