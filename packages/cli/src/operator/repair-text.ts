import type { RowFate } from '@sluice/compare';
import type { Done } from './command.ts';
import type { RepairOrder, RepairResult } from './repair-run.ts';
import { plural, type Cell } from './screen.ts';

export const HEADINGS = [
  'SINK',
  'TABLE',
  'ROWS',
  'CHANGED',
  'MISSING',
  'EXTRA',
  'EQUAL',
  'DIFFERENT',
  'OPEN',
];

/** Rows that are said one by one; `--output json` has all. */
const SAID_MAX = 20;

type Count = (is: (fate: RowFate) => boolean) => number;
const counter =
  (fates: readonly RowFate[]): Count =>
  (is) =>
    fates.filter(is).length;

/** A row for each table and sink: what the rows were when they were looked at, and what they are now. */
export function rowsOf(results: readonly RepairResult[]): readonly (readonly Cell[])[] {
  return results.map(({ sink, table, fates }) => {
    const count = counter(fates);
    const kinds = (['changed', 'missing', 'extra'] as const).map((kind) => count((row) => row.kind === kind));
    const ends = (['equal', 'different', 'open'] as const).map((fate) => count((row) => row.fate === fate));
    return [sink, table, fates.length, ...kinds, ...ends];
  });
}

/** Why rows were not repaired, and which still differ. */
export function remarksOf(results: readonly RepairResult[]): readonly string[] {
  const remarks = results.flatMap(({ sink, table, fates }) => {
    const told = fates.flatMap(({ place, fate, why }) =>
      why === null || fate === 'equal' ? [] : [{ place, why }],
    );
    return [...Map.groupBy(told, ({ why }) => why)].map(
      ([why, some]) => `${sink} ${table}: ${plural(some.length, 'row')}, such as ${some[0]?.place}: ${why}`,
    );
  });
  const all = [...displacedOf(results), ...remarks];
  const rest = all.length - SAID_MAX;
  return rest > 0 ? [...all.slice(0, SAID_MAX), `and ${rest} more: see --output json`] : all;
}

/** Rows that nobody asked for, and that were written for others. */
function displacedOf(results: readonly RepairResult[]): readonly string[] {
  return results.flatMap(({ sink, table, fates }) => {
    const some = fates.filter(({ gaveWay }) => gaveWay === true);
    if (some.length === 0) return [];
    return [
      `${sink} ${table}: ${plural(some.length, 'row')} more, such as ${some[0]?.place}, held a value of a unique index that a repaired row gets: kept and written too`,
    ];
  });
}

/** The last line, and how the command ends. */
export function endOf(
  results: readonly RepairResult[],
  { apply, sqlFile }: Pick<RepairOrder, 'apply' | 'sqlFile'>,
): { readonly text: string; readonly done: Done } {
  const count = counter(results.flatMap(({ fates }) => fates));
  const unknown = count(({ fate, why }) => fate === 'open' && why !== null);
  if (!apply) {
    const planned = plural(
      count(({ fate, why }) => fate === 'open' && why === null),
      'row',
    );
    const rest = unknown === 0 ? '' : `; ${plural(unknown, 'row')} cannot be repaired`;
    const did = sqlFile === null ? `dry run: would repair ${planned}` : `${sqlFile} repairs ${planned}`;
    return { text: `${did}${rest}${sqlFile === null ? '; --apply does it' : ''}`, done: unknown === 0 };
  }
  const different = count(({ fate }) => fate === 'different');
  const equal = count(({ fate }) => fate === 'equal');
  const text = `${plural(equal, 'row')} equal, ${different} still different, ${unknown} not repaired`;
  return { text, done: different > 0 ? 'different' : unknown === 0 };
}
