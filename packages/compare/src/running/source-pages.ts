import { quoteIdentifier, quoteTable } from '@sluice/mysql';
import type { ComparedColumn, ComparedTable } from '../compared-table.ts';
import { streamRows, type RowConnection, type ServerRow } from '../source-rows.ts';

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

/**
 * Rows in the order of their keys, in pages: each is one short SELECT without locks, so that nothing of the server waits for us.
 * @param condition SQL that a row must fulfil; null for all rows
 */
export async function* sourcePages(
  connection: RowConnection,
  table: ComparedTable,
  { condition, pageRows }: { readonly condition: string | null; readonly pageRows: number },
): AsyncGenerator<ServerRow[]> {
  const from = quoteTable(table.database, table.table);
  const order = keyColumns(table).map((column) => `${from}.${nameOf(column)}`);
  let after: readonly string[] | null = null;
  for (;;) {
    const terms = [after === null ? null : behind(table, after), condition].filter((term) => term !== null);
    const where = terms.length === 0 ? '' : ` WHERE (${terms.join(') AND (')})`;
    const sql = `${selectFrom(table)}${where} ORDER BY ${order.join(', ')} LIMIT ${pageRows}`;
    const rows = await rowsOf(connection, sql);
    if (rows.length > 0) yield rows;
    const last = rows.at(-1);
    if (rows.length < pageRows || last === undefined) return;
    after = orderLiterals(table, last);
  }
}

/** `a >= 1 AND ((a > 1) OR (a = 1 AND b > 2))`: the first term lets the range of the index be found at once. */
function behind(table: ComparedTable, after: readonly string[]): string {
  const names = keyColumns(table).map(ordinal);
  const branches = names.map((name, place) => {
    const equal = names.slice(0, place).map((before, at) => `${before} = ${after[at]}`);
    return `(${[...equal, `${name} > ${after[place]}`].join(' AND ')})`;
  });
  return `${names[0]} >= ${after[0]} AND (${branches.join(' OR ')})`;
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
