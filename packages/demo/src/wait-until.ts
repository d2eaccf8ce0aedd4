import { setTimeout as delay } from 'node:timers/promises';

const POLL_MS = 250;

/** Asks until the answer is yes. A condition that throws is a no, and its error is told when time is over. */
export async function waitUntil(
  what: string,
  condition: () => Promise<boolean>,
  options: { readonly timeoutMs: number; readonly signal: AbortSignal },
): Promise<void> {
  const deadline = performance.now() + options.timeoutMs;
  for (;;) {
    options.signal.throwIfAborted();
    const outcome = await condition().catch((error: unknown) => error);
    if (outcome === true) return;
    if (performance.now() > deadline) {
      const cause = outcome === false ? {} : { cause: outcome };
      throw new Error(`waited ${options.timeoutMs / 1000} s in vain for ${what}`, cause);
    }
    await delay(POLL_MS, undefined, { signal: options.signal });
  }
}

/** Whether the page answers with a success. */
export async function answers(url: string): Promise<boolean> {
  const response = await fetch(url, { signal: AbortSignal.timeout(2000) });
  await response.arrayBuffer();
  return response.ok;
}
