import { setTimeout as delay } from 'node:timers/promises';

export interface RetryUntilReadyOptions {
  /** Milliseconds until it is given up; default 60,000. */
  readonly timeoutMs?: number;
  /** Milliseconds between two looks, default 50; up to four times as many after one that took so long. */
  readonly everyMs?: number;
}

const REST_MAX = 4;

/**
 * Looks until there is an answer: anything but `undefined` and `false`. A look that throws counts as no answer.
 * Throws when the time is up, naming what was waited for and what the last look threw.
 */
export async function eventually<T>(
  what: string,
  look: () => T | Promise<T>,
  { timeoutMs = 60_000, everyMs = 50 }: RetryUntilReadyOptions = {},
): Promise<Exclude<T, undefined | false>> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const begun = performance.now();
    const { answer, error } = await attempt(look);
    if (answer !== undefined && answer !== false) return answer as Exclude<T, undefined | false>;
    const now = performance.now();
    if (now > deadline) {
      throw new Error(`waited ${timeoutMs / 1000} s in vain for ${what}`, { cause: error });
    }
    // A look that is itself much work (a comparison of stores) leaves what it looks at half of the time.
    await delay(Math.min(Math.max(everyMs, now - begun), REST_MAX * everyMs));
  }
}

async function attempt<T>(look: () => T | Promise<T>): Promise<{ answer?: T; error?: unknown }> {
  try {
    return { answer: await look() };
  } catch (error) {
    return { error };
  }
}
