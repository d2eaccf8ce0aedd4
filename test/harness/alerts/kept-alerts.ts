import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ruleFiles } from '../prometheus/rule-files.ts';
import type { FiredAlert } from './play-case.ts';

const KEPT = join(import.meta.dirname, 'fired.json');

/** What was seen of an alert, and by which rule, as docs/alerts.md compares it with the rule of today. */
interface KeptAlert extends FiredAlert {
  readonly rule: string;
}

/** Keeps what was seen for docs/alerts.md; of cases that were not played what was kept before stays. @param faults of all cases, in order */
export function keepAlerts(seen: readonly FiredAlert[], faults: readonly string[]): void {
  const rules = rulesByAlert();
  const before = JSON.parse(readFileSync(KEPT, 'utf8')) as readonly KeptAlert[];
  const kept = faults.flatMap((fault): readonly KeptAlert[] => {
    const now = seen.filter((each) => each.fault === fault);
    if (now.length === 0) return before.filter((each) => each.fault === fault);
    return now.map((each) => ({ ...each, rule: rules.get(each.alert) ?? '' }));
  });
  writeFileSync(KEPT, `${JSON.stringify(kept, null, 2)}\n`);
}

function rulesByAlert(): ReadonlyMap<string, string> {
  const rules = ruleFiles()
    .flatMap(({ groups }) => groups)
    .flatMap((group) => group.rules);
  return new Map(
    rules.flatMap((rule) => {
      if (!('alert' in rule)) return [];
      const { alert, expr, for: time = 'at once' } = rule;
      return [[alert, `${expr.replaceAll(/\s+/g, ' ').trim()}; ${time}`] as const];
    }),
  );
}
