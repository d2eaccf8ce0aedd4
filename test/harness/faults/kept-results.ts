import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readResults, writeResults } from './fault-results.ts';
import { faultsPage, SOAK } from './faults-page.ts';
import { findCases } from './find-cases.ts';
import type { Verdict } from './judge.ts';

const FOLDER = join(import.meta.dirname, '..', '..', 'faults');
export const RESULTS = join(FOLDER, 'results.json');
const PAGE = join(FOLDER, '..', '..', 'docs', 'faults.md');

/** docs/faults.md as the results are now. */
export async function writePage(): Promise<void> {
  writeFileSync(PAGE, faultsPage(await findCases(FOLDER), readResults(RESULTS)));
}

/** What a soak did stands among the results until the next one. */
export async function recordSoak(
  soak: Verdict & { readonly seed: number; readonly commit: string },
): Promise<void> {
  const passed = soak.problems.length === 0;
  const result = { ...soak, passed, times: 1, date: new Date().toISOString() };
  writeResults(RESULTS, { ...readResults(RESULTS), [SOAK]: result });
  await writePage();
}
