import type { ComparedTable } from '../compared-table.ts';
import { canonicalJson, parseExactJson } from '../exact-json.ts';
import { compareReportSchema, REPORT_VERSION, type CompareReport } from '../running/report.ts';
import type { Suspect } from '../running/suspects.ts';
import { keyLiterals, keyTexts, type SinkTable } from '../sink-table.ts';

export type ReportedRow = CompareReport['differences'][number];

/** A report of `sluice compare`, of `--output json` or `ndjson`. Throws RangeError when it is none, or of another version. */
export function readReport(text: string): CompareReport {
  const document = documentOf(text) as { readonly report?: unknown; readonly version?: unknown } | null;
  if (document?.report !== 'compare') throw new RangeError('it is no report of sluice compare');
  if (document.version !== REPORT_VERSION)
    throw new RangeError(
      `it is a report of version ${String(document.version)}, and this command reads version ${REPORT_VERSION}: compare again`,
    );
  const parsed = compareReportSchema.safeParse(document);
  if (parsed.success) return parsed.data;
  throw new RangeError(
    `it was changed by hand: wrong at ${parsed.error.issues[0]?.path.join('.') ?? 'its root'}`,
  );
}

function documentOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return linesOf(text);
  }
}

const LISTS = { table: 'tables', difference: 'differences', notSettled: 'notSettled' } as const;

/** Null for what is no report either. */
function linesOf(text: string): unknown {
  const lists: Record<string, unknown[]> = { tables: [], differences: [], notSettled: [] };
  let head: object = {};
  try {
    for (const line of text.split('\n')) {
      if (line === '') continue;
      const { type, ...rest } = JSON.parse(line) as { readonly type?: keyof typeof LISTS | 'report' };
      if (type === 'report') head = rest;
      else if (type !== undefined) lists[LISTS[type]]?.push(rest);
    }
  } catch {
    return null;
  }
  return { ...head, ...lists };
}

/** A row of the report as it is looked at again; or why that cannot be done. */
export function suspectOf(
  table: ComparedTable,
  rows: SinkTable,
  { key, place }: ReportedRow,
): Suspect | string {
  if (key === null) return 'the row in the store does not tell its key: look at it by hand';
  const values: string[] = table.columns.map(() => 'null');
  for (const at of table.key) {
    const text = key[table.columns[at]?.name ?? ''];
    if (text === undefined) return 'the key has other columns than the report says: compare again';
    values[at] = text;
  }
  if (rows.identity(values) !== place) return 'the sink calls the row otherwise by now: compare again';
  const canonical = table.key.map((at) => values[at] ?? 'null');
  const suspect = canonical.every(isCanonical) ? suspectAt(table, rows, canonical) : null;
  return suspect ?? 'its key in the report is no value of its key columns: compare again';
}

/** The row of a key, before anybody has looked; null when that is no value of the key columns. @param key canonical texts, in key order */
export function suspectAt(table: ComparedTable, rows: SinkTable, key: readonly string[]): Suspect | null {
  const literals = keyLiterals(table, key);
  if (literals === null) return null;
  const values: string[] = table.columns.map(() => 'null');
  for (const [index, at] of table.key.entries()) values[at] = key[index] ?? 'null';
  const row = { values, keyLiterals: literals };
  return { identity: rows.identity(values), isOfSource: false, row, source: null, found: null };
}

/** Whether it is one value, as a comparison writes it. */
function isCanonical(text: string): boolean {
  try {
    return canonicalJson(parseExactJson(text)) === text;
  } catch {
    return false;
  }
}

/** The key columns as JSON text, as a record key has them. */
export function rowKeyOf(table: ComparedTable, values: readonly string[]): string {
  const texts = keyTexts(table, values);
  const members = table.key.map((at, index) => `${JSON.stringify(table.columns[at]?.name)}:${texts[index]}`);
  return `{${members.join(',')}}`;
}
