import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readResults, writeResults, type FaultResult } from './fault-results.ts';
import { faultsPage } from './faults-page.ts';
import { findCases } from './find-cases.ts';
import type { Verdict } from './judge.ts';

const FOLDER = join(import.meta.dirname, '..', '..', 'faults');
/** Every last run on this machine: what has passed with this code is not run again. */
export const RESULTS = join(FOLDER, 'results.json');
/** What docs/faults.md is made of; in the repository as the page is. */
const SHOWN = join(FOLDER, 'shown-results.json');
const PAGE = join(FOLDER, '..', '..', 'docs', 'faults.md');

/** docs/faults.md as it has to be. */
export async function pageText(): Promise<string> {
  return faultsPage(await findCases(FOLDER), readResults(SHOWN));
}

/** Shows these last runs on docs/faults.md; all others stay as they were. */
export async function showResults(names: readonly string[]): Promise<void> {
  const last = readResults(RESULTS);
  const shown = { ...readResults(SHOWN) };
  for (const name of names) {
    const result = last[name];
    if (result !== undefined) shown[name] = result;
  }
  writeResults(SHOWN, shown);
  writeFileSync(PAGE, await pageText());
}

/** What a soak did stands among the results until the next one. */
export async function recordSoak(
  name: string,
  soak: Verdict & Pick<FaultResult, 'seed' | 'commit'>,
): Promise<void> {
  const passed = soak.problems.length === 0;
  const result = { ...soak, passed, times: 1, date: new Date().toISOString() };
  writeResults(RESULTS, { ...readResults(RESULTS), [name]: result });
  await showResults([name]);
}
