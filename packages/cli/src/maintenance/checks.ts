import { setTimeout as delay } from 'node:timers/promises';
import { examined, note, NOT_LOOKED_AT, unknown, type Finding } from '../operator/findings.ts';
import { UsageError } from '../operator/usage-error.ts';

/** A server that hangs keeps one area from an answer, and no other. */
const PATIENCE_SECONDS = 120;

/** One thing that a report looks at. */
export interface Check {
  readonly area: string;
  /** How long it may take; default 120. */
  readonly seconds?: number;
  readonly look: () => Promise<readonly Finding[]>;
}

/**
 * What all checks have found, in their order. One that is skipped is told too, so that nobody takes its silence for good news.
 * Throws UsageError for an area that there is none of.
 */
export async function findingsOf(
  checks: readonly Check[],
  skipped: readonly string[],
): Promise<readonly Finding[]> {
  const areas = checks.map(({ area }) => area);
  const stray = skipped.find((area) => !areas.includes(area));
  if (stray !== undefined)
    throw new UsageError(`--skip is "${stray}", but must be one of ${areas.join(', ')}`);
  const found = checks.map(({ area, look, seconds = PATIENCE_SECONDS }) =>
    examined(area, async () =>
      skipped.includes(area) ? [note(area, NOT_LOOKED_AT, null)] : within(seconds, area, look()),
    ),
  );
  return (await Promise.all(found)).flat();
}

/** Asks for it when it is needed first, and once. */
export function once<T>(ask: () => Promise<T>): () => Promise<T> {
  let answer: Promise<T> | undefined;
  return () => (answer ??= ask());
}

async function within(
  seconds: number,
  area: string,
  look: Promise<readonly Finding[]>,
): Promise<readonly Finding[]> {
  const waiting = new AbortController();
  const late = delay(
    seconds * 1000,
    [unknown(area, `no answer within ${seconds} s`, 'sluice doctor, and the log of the server')],
    {
      signal: waiting.signal,
    },
  );
  late.catch(() => undefined); // nobody waits for it any more
  return Promise.race([look, late]).finally(() => waiting.abort());
}
