import { errorEntry, PipelineError, wordsOf, type PreflightProblem } from '@sluice/runtime';
import { CommandFailed } from './command-failed.ts';
import { UsageError } from './usage-error.ts';
import { plural, show, type Screen } from './screen.ts';

/** One thing that was looked at. */
export interface Finding {
  /** `source`, `kafka`, `sink-redis` …, or `services`; of `sluice maintenance daily` what was looked at, such as `lag`. */
  readonly area: string;
  /** `note`: worth knowing, and nothing wrong. `unknown`: it could not be looked at. */
  readonly result: 'ok' | 'note' | 'problem' | 'unknown';
  readonly found: string;
  /** Null where nothing is wrong. */
  readonly required: string | null;
  readonly fix: string | null;
}

/** Of an area that `--skip` names. */
export const NOT_LOOKED_AT = 'not looked at: --skip';

/** Of a failure whose message says what is needed. */
const SAID = 'what was found says what is needed; then run it again';

const HEADINGS = ['AREA', 'RESULT', 'FOUND', 'NEEDS'];

export const ok = (area: string, found: string): Finding => ({
  area,
  result: 'ok',
  found,
  required: null,
  fix: null,
});

export const note = (area: string, found: string, fix: string | null): Finding => ({
  ...ok(area, found),
  result: 'note',
  fix,
});

export const unknown = (area: string, found: string, fix: string): Finding => ({
  ...ok(area, found),
  result: 'unknown',
  fix,
});

export const wrong = (
  area: string,
  { found, required, fix }: Omit<PreflightProblem, 'setting'>,
): Finding => ({ area, result: 'problem', found, required, fix });

export function problem(area: string, { setting, found, required, fix }: PreflightProblem): Finding {
  return wrong(area, { found: `${setting}: ${found}`, required, fix });
}

/** What keeps all of an area from being looked at is a finding like others. */
export async function examined(
  area: string,
  look: () => Promise<readonly Finding[]>,
): Promise<readonly Finding[]> {
  try {
    return await look();
  } catch (error) {
    if (error instanceof CommandFailed) return [unknown(area, error.message, error.fix ?? SAID)];
    if (error instanceof Error && error.name === 'TimeoutError')
      return [unknown(area, 'no answer in time', 'sluice doctor, and the log of the server')];
    if (error instanceof UsageError) throw error;
    if (!(error instanceof PipelineError))
      return [unknown(area, wordsOf(error), 'sluice doctor, or the message itself')];
    const { code, message } = error;
    const { fix } = errorEntry(code);
    return [wrong(area, { found: `${code}: ${message}`, required: 'an answer', fix })];
  }
}

/** True when nothing is wrong, and all of it could be looked at. */
export function tellFindings(document: object, findings: readonly Finding[], screen: Screen): boolean {
  const rows = findings.map(({ area, result, found, required }) => [area, result, found, required]);
  show(screen, { ...document, findings }, HEADINGS, rows);
  for (const { area, fix } of findings) if (fix !== null) screen.say(`${area}: ${fix}`);
  const open = findings.filter(({ result }) => result === 'problem' || result === 'unknown').length;
  screen.say(summaryOf(findings, open));
  return open === 0;
}

/** @param open problems and what is unknown. What was not looked at, and what is worth knowing, is not passed over. */
export function summaryOf(findings: readonly Finding[], open: number): string {
  if (open > 0) return `${plural(open, 'finding')} to look at`;
  const notes = findings.filter(({ result }) => result === 'note');
  const skipped = notes.filter(({ found }) => found === NOT_LOOKED_AT).map(({ area }) => area);
  const others = notes.length - skipped.length;
  return [
    skipped.length === 0 ? 'nothing is wrong' : 'nothing is wrong in what was looked at',
    ...(skipped.length === 0 ? [] : [`skipped: ${skipped.join(', ')}`]),
    ...(others === 0 ? [] : [`${plural(others, 'note')} above`]),
  ].join('; ');
}
