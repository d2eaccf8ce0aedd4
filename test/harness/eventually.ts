import { setTimeout as delay } from 'node:timers/promises';

export interface RetryUntilReadyOptions {
  /** Milliseconds until it is given up; default 60,000. */
  readonly timeoutMs?: number;
  /** Milliseconds between two looks; default 50. */
  readonly everyMs?: number;
}

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
    const { answer, error } = await attempt(look);
    if (answer !== undefined && answer !== false) return answer as Exclude<T, undefined | false>;
    if (performance.now() > deadline) {
      throw new Error(`waited ${timeoutMs / 1000} s in vain for ${what}`, { cause: error });
    }
    await delay(everyMs);
  }
}

async function attempt<T>(look: () => T | Promise<T>): Promise<{ answer?: T; error?: unknown }> {
  try {
    return { answer: await look() };
  } catch (error) {
    return { error };
  }
}
