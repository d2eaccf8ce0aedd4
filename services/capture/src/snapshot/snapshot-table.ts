import { selectExpression, type Column } from '@sluice/binlog';
import { chunkSql, keyLiteral } from './chunk-query.ts';

const NUMBER_TYPES = /^(tiny|small|medium|big)?int\b|^decimal\b|^year\b|^double\b|^float\b/u;
const BYTES_TYPES = /^(var)?binary\b|^(tiny|medium|long)?blob\b|^bit\b/u;

/** A table that is being read in chunks. */
export interface SnapshotTable {
  readonly database: string;
  readonly table: string;
  readonly columns: readonly Column[];
  readonly keyColumns: readonly string[];
  readonly keyOrdinals: readonly number[];
}

function literalKind(column: Column | undefined): 'number' | 'bytes' | 'text' {
  const type = column?.sqlType ?? '';
  if (NUMBER_TYPES.test(type)) return 'number';
  return BYTES_TYPES.test(type) ? 'bytes' : 'text';
}

/** The SELECT of the page after `after`. */
export function pageSql(
  table: SnapshotTable,
  after: readonly string[] | null,
  limit: number,
  lock: boolean,
): string {
  const expressions = table.columns.map((column) => selectExpression(column));
  return chunkSql({ ...table, expressions, after, limit, lock });
}

/** The key of a row as SQL literals, to go on after it. */
export function keyOf(table: SnapshotTable, row: readonly (Buffer | null)[]): string[] {
  return table.keyOrdinals.map((ordinal) =>
    keyLiteral(row[ordinal] ?? Buffer.alloc(0), literalKind(table.columns[ordinal])),
  );
}
