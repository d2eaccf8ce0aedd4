import { readFileSync, writeFileSync } from 'node:fs';
import type { Verdict } from './judge.ts';

/** What became of a case when it ran last. */
export interface FaultResult extends Verdict {
  readonly seed: number;
  readonly passed: boolean;
  /** Times in a row that it passed in that run. */
  readonly times: number;
  readonly date: string;
  /** Of the code that ran; null where it was not noted. */
  readonly commit: string | null;
  /** Versions of the servers, in words. */
  readonly servers?: string;
}

export type FaultResults = Readonly<Record<string, FaultResult>>;

/** Nothing for a file that is not there. */
export function readResults(path: string): FaultResults {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as FaultResults;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return {};
    throw error;
  }
}

export function writeResults(path: string, results: FaultResults): void {
  writeFileSync(path, `${JSON.stringify(results, null, 2)}\n`);
}

export interface ListedCase {
  readonly name: string;
  readonly title: string;
  readonly recoverySeconds: number;
  readonly inEveryRun?: boolean;
}

/** The table of all cases, in Markdown. */
export function resultsTable(cases: readonly ListedCase[], results: FaultResults): string {
  const head = ['case', 'what happens', 'seed', 'result', 'recovery (bound)', 'date', 'commit'];
  const rows = cases.map(({ name, title, recoverySeconds, inEveryRun }) => {
    const result = results[name];
    const bound = `${recoverySeconds} s`;
    const label = `\`${name}\`${inEveryRun === true ? ' •' : ''}`;
    if (result === undefined) return [label, title, '', 'not run yet', `(${bound})`, '', ''];
    const recovery = result.recoverySeconds === null ? '–' : `${result.recoverySeconds.toFixed(1)} s`;
    const outcome = result.passed ? `passed${result.times > 1 ? ` ${result.times} times` : ''}` : 'failed';
    const commit = result.commit === null ? '–' : `\`${result.commit}\``;
    const when = [result.date.slice(0, 10), commit];
    return [label, title, String(result.seed), outcome, `${recovery} (${bound})`, ...when];
  });
  return markdownTable([head, ...rows]);
}

/** The servers that cases ran with, a line for each set of versions. */
export function serversList(cases: readonly { readonly name: string }[], results: FaultResults): string {
  const names = Map.groupBy(
    cases.map(({ name }) => name).filter((name) => results[name]?.servers !== undefined),
    (name) => results[name]?.servers,
  );
  return [...names].map(([servers, of]) => `- ${servers}: ${of.length} cases`).join('\n');
}

/** What cases have measured besides, a line for each that has. */
export function measuredList(cases: readonly { readonly name: string }[], results: FaultResults): string {
  const lines = cases.flatMap(({ name }) => {
    const figures = results[name]?.figures ?? [];
    return figures.length === 0 ? [] : [`- \`${name}\`: ${figures.join('; ')}`];
  });
  return lines.join('\n');
}

function markdownTable(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(3, ...rows.map((row) => row[column]?.length ?? 0)),
  );
  const line = (row: readonly string[]): string =>
    `| ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`;
  const [head = [], ...body] = rows;
  const rule = `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`;
  return [line(head), rule, ...body.map(line)].join('\n');
}
