import { examined, note, type Finding } from '../operator/findings.ts';
import { UsageError } from '../operator/usage-error.ts';

/** One thing that a report looks at. */
export interface Check {
  readonly area: string;
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
  const found = checks.map(({ area, look }) =>
    examined(area, async () =>
      skipped.includes(area) ? [note(area, 'not looked at: --skip', null)] : look(),
    ),
  );
  return (await Promise.all(found)).flat();
}

/** Asks for it when it is needed first, and once. */
export function once<T>(ask: () => Promise<T>): () => Promise<T> {
  let answer: Promise<T> | undefined;
  return () => (answer ??= ask());
}
