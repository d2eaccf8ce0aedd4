import type { CompareReport } from '@sluice/compare';
import { plural, type Cell } from './screen.ts';

export const HEADINGS = [
  'SINK',
  'TABLE',
  'COMPARED',
  'EQUAL',
  'DIFFERENT',
  'MISSING',
  'EXTRA',
  'NOT SETTLED',
];

/** Differences that are said one by one; a report has more of them. */
const SAID_MAX = 20;
const VALUE_MAX = 120;

/** A row for each table and sink. */
export function rowsOf({ tables }: CompareReport): readonly (readonly Cell[])[] {
  return tables.flatMap(({ table, sinks }) =>
    Object.entries(sinks).map(([sink, counts]) => {
      const { compared, equal, different, missing, extra, notSettled } = counts;
      return [sink, table, compared, equal, different, missing, extra, notSettled];
    }),
  );
}

/** The report without its lists, and then a line for each table, difference and row that is not settled. */
export function ndjsonOf({ tables, differences, notSettled, ...head }: CompareReport): string {
  const lines: readonly object[] = [
    { type: 'report', ...head },
    ...tables.map((table) => ({ type: 'table', ...table })),
    ...differences.map((difference) => ({ type: 'difference', ...difference })),
    ...notSettled.map((row) => ({ type: 'notSettled', ...row })),
  ];
  return lines.map((line) => `${JSON.stringify(line)}\n`).join('');
}

/** For people: what was not compared, the first differences, and how it ends. */
export function remarksOf(report: CompareReport): readonly string[] {
  const { tables, differences, notSettled, result, rows } = report;
  const about = tables.flatMap(({ table, compared, remarks }) =>
    remarks.map((remark) => `${table}${compared ? '' : ' is not compared'}: ${remark}`),
  );
  const reasons = Map.groupBy(notSettled, ({ sink, table, why }) => `${sink} ${table}: ${why}`);
  const unsettled = [...reasons].map(
    ([reason, some]) => `not settled: ${plural(some.length, 'row')} of ${reason}`,
  );
  const said = differences.slice(0, SAID_MAX).map(differenceText);
  const more = differences.length - said.length;
  const rest = more > 0 ? [`and ${more} differences more: see --output json`] : [];
  return [
    ...about,
    ...said,
    ...rest,
    ...unsettled,
    `${VERDICTS[result]}: ${plural(rows, 'row')} of the source`,
  ];
}

const VERDICTS: Readonly<Record<CompareReport['result'], string>> = {
  equal: 'equal',
  different: 'different',
  'not done': 'not done: not everything could be compared',
};

function differenceText({ sink, table, kind, place, columns }: CompareReport['differences'][number]): string {
  const where = `${sink} ${table} ${cut(place)}`;
  const [first] = columns;
  return first === undefined
    ? `${where}: ${kind}`
    : `${where}: ${first.column} is ${cut(first.sink)}, in the source ${cut(first.source)}`;
}

const cut = (text: string): string => (text.length > VALUE_MAX ? `${text.slice(0, VALUE_MAX)}…` : text);
