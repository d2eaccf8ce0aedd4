import { median } from '../statistics.ts';

/** Processor time for a row in microseconds, a figure per run. */
export interface Costs {
  readonly plain: number[];
  readonly scraped: number[];
}

export interface Judged {
  /** What a scrape a second adds to a row, as a share of it. */
  readonly dearer: number;
  /** How far runs of the same kind are from their median, as a share of it: what is below it is not measured. */
  readonly spread: number;
  /** Whether it is more than is allowed, and the runs can tell. */
  readonly isTooDear: boolean;
}

/**
 * @param scrapeMs time between two scrapes; each costs the same
 * @param most share that a scrape a second may add
 */
export function judge({ plain, scraped }: Costs, scrapeMs: number, most: number): Judged {
  const share = scrapeMs / 1000;
  const dearer = (median(scraped) / median(plain) - 1) * share;
  const spread = Math.max(spreadOf(plain), spreadOf(scraped)) * share;
  return { dearer, spread, isTooDear: dearer > most && dearer > spread };
}

/** The median of the distances from the median. */
function spreadOf(runs: readonly number[]): number {
  const middle = median(runs);
  return median(runs.map((run) => Math.abs(run - middle))) / middle;
}
