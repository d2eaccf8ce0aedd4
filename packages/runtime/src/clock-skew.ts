import type { PreflightProblem } from './preflight.ts';

/** Lag, latency and times in logs are compared over clocks: a second is what people read of them. */
const SKEW_MS = 1000;

/** How a clock was asked. */
export interface AskedClock {
  /** Whose it is: `the source`. */
  readonly of: string;
  /** Milliseconds that it is ahead; negative: behind. */
  readonly aheadMs: number;
  /** Milliseconds by which that may be wrong. Default: none. */
  readonly exactMs?: number;
  /** Whose it was compared with. Default: this machine's. */
  readonly than?: string;
}

/** Null for a clock that is less than a second away. */
export function clockProblem({
  of,
  aheadMs,
  exactMs = 0,
  than = "this machine's",
}: AskedClock): PreflightProblem | null {
  if (Math.abs(aheadMs) - exactMs < SKEW_MS) return null;
  const seconds = (Math.abs(aheadMs) / 1000).toFixed(1);
  return {
    setting: `clock of ${of}`,
    found: `${seconds} s ${aheadMs > 0 ? 'ahead of' : 'behind'} ${than}`,
    required: 'less than a second: lag, latencies and times of records are compared over clocks',
    fix: 'run NTP or chrony on both machines',
  };
}

/**
 * Milliseconds that a clock is ahead of this machine's; half of the time of the question is taken off.
 * @param ask resolves to its time, milliseconds since 1970
 */
export async function aheadOfUsMs(ask: () => Promise<number>): Promise<number> {
  const before = Date.now();
  const told = await ask();
  return told - (before + Date.now()) / 2;
}
