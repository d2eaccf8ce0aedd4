import { quoteIdentifier, quoteTable } from '@sluice/mysql';

/** One page of a table in key order. */
export interface ChunkQuery {
  readonly database: string;
  readonly table: string;
  /** SQL expressions of all columns, in column order. */
  readonly expressions: readonly string[];
  /** Key columns in key order. */
  readonly keyColumns: readonly string[];
  /** In key order, SQL that compares with literals as the columns are ordered; the columns themselves when absent. */
  readonly comparedKeys?: readonly string[];
  /** Key of the last row already read, as SQL literals; null for the first page. */
  readonly after: readonly string[] | null;
  readonly limit: number;
  /** SQL that a row must fulfil; null for all rows. */
  readonly condition: string | null;
  /** Locks the rows read, where no GTID can tell what a read sees. */
  readonly lock: boolean;
}

/** `(a > 1) OR (a = 1 AND b > 2)`, with `a >= 1` in front so that the index range is found at once. */
function afterCondition(names: readonly string[], after: readonly string[]): string {
  const branches = names.map((name, i) => {
    const equal = names.slice(0, i).map((before, j) => `${before} = ${after[j] ?? 'NULL'}`);
    return `(${[...equal, `${name} > ${after[i] ?? 'NULL'}`].join(' AND ')})`;
  });
  if (branches.length === 1) return branches.join('');
  return `${names[0] ?? ''} >= ${after[0] ?? 'NULL'} AND (${branches.join(' OR ')})`;
}

/** The SELECT of one chunk. */
export function chunkSql(query: ChunkQuery): string {
  const { database, table, expressions, keyColumns, after, condition, limit } = query;
  const compared = query.comparedKeys ?? keyColumns.map(quoteIdentifier);
  const from = quoteTable(database, table);
  // A column of the result is known by its place. The driver refuses some names (`__proto__`), so all have others; and as a
  // column of the table may be called so, the order says which is meant.
  const columns = expressions.map((expression, place) => `${expression} AS c${place}`);
  const order = keyColumns.map((name) => `${from}.${quoteIdentifier(name)}`).join(', ');
  const behind = after === null ? [] : [afterCondition(compared, after)];
  const terms = [...behind, ...(condition === null ? [] : [`(${condition})`])];
  const where = terms.length === 0 ? '' : ` WHERE ${terms.join(' AND ')}`;
  const lock = query.lock ? ' FOR SHARE' : '';
  return `SELECT ${columns.join(', ')} FROM ${from}${where} ORDER BY ${order} LIMIT ${limit}${lock}`;
}

export type LiteralKind = 'number' | 'bytes' | 'text';

/** A key value as an SQL literal that compares as the column does; a literal with an introducer leaves the column's own collation in charge. */
export function keyLiteral(value: Buffer, kind: LiteralKind): string {
  if (kind === 'number') return value.toString('latin1');
  const hex = value.length === 0 ? "''" : `0x${value.toString('hex')}`;
  return kind === 'bytes' ? hex : `_utf8mb4 ${hex}`;
}
