export interface BackoffOptions {
  /** Upper bound of the first wait, in milliseconds. */
  readonly initialMs: number;
  /** Upper bound of every wait, in milliseconds. */
  readonly maxMs: number;
}

/**
 * Milliseconds to wait before a try: uniform between 0 and `min(maxMs, initialMs · 2^attempt)`, so that many
 * workers that failed together do not come back together. `attempt` counts from 0; `random` gives [0, 1).
 */
export function fullJitter(
  attempt: number,
  options: BackoffOptions,
  random: () => number = Math.random,
): number {
  const ceiling = Math.min(options.maxMs, options.initialMs * 2 ** Math.max(0, attempt));
  return Math.floor(random() * ceiling);
}
