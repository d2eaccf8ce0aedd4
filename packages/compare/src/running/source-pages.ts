import { quoteIdentifier, quoteTable } from '@sluice/mysql';
import type { ComparedColumn, ComparedTable } from '../compared-table.ts';
import { streamRows, type RowConnection, type ServerRow } from '../source-rows.ts';
import { rangeSql, type KeyLiterals, type KeyRange } from '../sums/key-range.ts';

const nameOf = (column: ComparedColumn): string => quoteIdentifier(column.sourceName ?? column.name);
const keyColumns = (table: ComparedTable): ComparedColumn[] =>
  table.key.flatMap((place) => table.columns[place] ?? []);
/** What compares with a literal as the column is ordered. */
const ordinal = (column: ComparedColumn): string =>
  column.kind.isMember === true ? `CAST(${nameOf(column)} AS UNSIGNED)` : nameOf(column);

/** Columns by their names in the source, and behind them the numbers of members that the order of a page is by. */
function selectFrom(table: ComparedTable): string {
  const values = table.columns.map((column) => column.kind.select(nameOf(column)));
  const members = keyColumns(table).filter(({ kind }) => kind.isMember === true);
  const expressions = [...values, ...members.map(ordinal)].map((sql, place) => `${sql} AS c${place}`);
  return `SELECT ${expressions.join(', ')} FROM ${quoteTable(table.database, table.table)}`;
}

export interface PagesWanted {
  /** SQL that a row must fulfil; null for all rows. */
  readonly condition: string | null;
  readonly pageRows: number;
  /** Behind this key, as a page before has told it; null: from the first row on. */
  readonly after?: KeyLiterals | null;
  /** Up to this key, and with it; null: to the last row. */
  readonly upTo?: KeyLiterals | null;
}

export interface Page {
  readonly rows: readonly ServerRow[];
  /** The key that the page ends with; null: no row is behind it. */
  readonly end: KeyLiterals | null;
}

/** Rows in the order of their keys, in pages: each is one short SELECT without locks, so that nothing of the server waits for us. */
export async function* sourcePages(
  connection: RowConnection,
  table: ComparedTable,
  { condition, pageRows, after = null, upTo = null }: PagesWanted,
): AsyncGenerator<Page> {
  const from = quoteTable(table.database, table.table);
  const order = keyColumns(table).map((column) => `${from}.${nameOf(column)}`);
  const names = keyColumns(table).map(ordinal);
  let range: KeyRange = { after, upTo };
  do {
    const isAll = range.after === null && range.upTo === null;
    const terms = [isAll ? null : rangeSql(names, range), condition].filter((term) => term !== null);
    const where = terms.length === 0 ? '' : ` WHERE (${terms.join(') AND (')})`;
    const sql = `${selectFrom(table)}${where} ORDER BY ${order.join(', ')} LIMIT ${pageRows}`;
    const rows = await rowsOf(connection, sql);
    const last = rows.length < pageRows ? undefined : rows.at(-1);
    const end = last === undefined ? null : orderLiterals(table, last);
    yield { rows, end };
    range = { after: end, upTo };
  } while (range.after !== null);
}

function orderLiterals(table: ComparedTable, row: ServerRow): string[] {
  let member = table.columns.length;
  return table.key.map((place) => {
    const kind = table.columns[place]?.kind;
    if (kind?.isMember === true) return row[member++] ?? 'NULL';
    const text = row[place] ?? null;
    return kind === undefined || text === null ? 'NULL' : kind.literal(text);
  });
}

/** The rows that have these keys now, in any order. `keys`: SQL literals, in key order. */
export async function sourceRowsByKey(
  connection: RowConnection,
  table: ComparedTable,
  keys: readonly (readonly string[])[],
): Promise<ServerRow[]> {
  if (keys.length === 0) return [];
  return rowsOf(connection, `${selectFrom(table)} WHERE ${keyIsOf(table, keys)}`);
}

/** SQL for the rows of the source with one of these keys. `keys`: SQL literals, in key order; one at least. */
export function keyIsOf(table: ComparedTable, keys: readonly (readonly string[])[]): string {
  const names = keyColumns(table).map(nameOf);
  return keys.map((key) => `(${names.map((name, at) => `${name} = ${key[at]}`).join(' AND ')})`).join(' OR ');
}

/** SQL for rows whose first key column lies in the range, both ends included; an end that is '' is open. Throws RangeError. */
export function keyRange(table: ComparedTable, from: string, to: string): string {
  const [column] = keyColumns(table);
  if (column === undefined) throw new RangeError('the table has no key');
  const literal = (text: string): string => {
    try {
      return column.kind.literal(text);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      throw new RangeError(`${error.message}, which key column ${column.name} holds`, { cause: error });
    }
  };
  const ends = [
    ...(from === '' ? [] : [`${nameOf(column)} >= ${literal(from)}`]),
    ...(to === '' ? [] : [`${nameOf(column)} <= ${literal(to)}`]),
  ];
  return ends.length === 0 ? 'TRUE' : ends.join(' AND ');
}

/** SQL for about one row of `share`, by their keys; another choice for each `turn`. */
export function keyShare(table: ComparedTable, share: number, turn: number): string {
  return `CRC32(CONCAT_WS(',', ${keyColumns(table).map(nameOf).join(', ')})) % ${share} = ${turn % share}`;
}

async function rowsOf(connection: RowConnection, sql: string): Promise<ServerRow[]> {
  const rows: ServerRow[] = [];
  for await (const row of streamRows(connection, sql)) rows.push(row);
  return rows;
}
