import type { ComparedTable } from '../compared-table.ts';
import { streamRows, type ServerRow } from '../source-rows.ts';
import { rangeSql, type KeyLiterals, type KeyRange } from './key-range.ts';
import type { SummedSide } from './summed-table.ts';

export interface RangeSum {
  readonly rows: number;
  readonly sum: string;
}

/** One SELECT without locks. */
export async function sumOf(side: SummedSide, range: KeyRange): Promise<RangeSum> {
  const { connection, from, keyNames, sum } = side;
  const sql = `SELECT COUNT(*) AS n, BIT_XOR(${sum}) AS x FROM ${from} WHERE ${rangeSql(keyNames, range)}`;
  const [row] = await rowsOf(streamRows(connection, sql));
  return { rows: Number(row?.[0]), sum: row?.[1] ?? '' };
}

export function isSameSum(one: RangeSum, other: RangeSum): boolean {
  return one.sum === other.sum && one.rows === other.rows;
}

/** The key of the row that so many rows of the range end with; its own end where it has fewer. */
export async function endOf(
  { connection, from, keyNames }: SummedSide,
  table: ComparedTable,
  range: KeyRange,
  rows: number,
): Promise<KeyLiterals | null> {
  const key = table.key.flatMap((place) => table.columns[place] ?? []);
  const selected = key.map(({ kind }, at) => `${kind.select(keyNames[at] ?? '')} AS c${at}`);
  const order = keyNames.map((name) => `${from}.${name}`).join(', ');
  const sql = `SELECT ${selected.join(', ')} FROM ${from} WHERE ${rangeSql(keyNames, range)} ORDER BY ${order} LIMIT 1 OFFSET ${rows - 1}`;
  const [row] = await rowsOf(streamRows(connection, sql));
  if (row === undefined) return range.upTo;
  return key.map(({ kind }, at) => kind.literal(row[at] ?? ''));
}

/** The rows of a range as the kinds of the table's columns read them, in no order. */
export function rowsIn(
  { connection, from, keyNames, selected }: SummedSide,
  range: KeyRange,
): AsyncIterable<ServerRow> {
  const columns = selected.map((sql, at) => `${sql} AS c${at}`).join(', ');
  return streamRows(connection, `SELECT ${columns} FROM ${from} WHERE ${rangeSql(keyNames, range)}`);
}

async function rowsOf(stream: AsyncIterable<ServerRow>): Promise<ServerRow[]> {
  const rows: ServerRow[] = [];
  for await (const row of stream) rows.push(row);
  return rows;
}
