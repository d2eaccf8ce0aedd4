import type { ColumnKind } from '../column-kinds.ts';

export interface SummedColumn {
  readonly kind: Pick<ColumnKind, 'select' | 'isFree'>;
  /** Quoted. */
  readonly name: string;
  /** Whether its text is stored as the UTF-8 that it is read as. */
  readonly isUtf8: boolean;
}

/**
 * SQL for 64 bits of the SHA-256 of a row's values. What goes into it is the text that rows are compared by, one column behind the other so that
 * no two rows give the same: a value without commas as it is, any other one behind its length, and N for NULL. So equal sums are equal rows,
 * but for one chance in 2^64; the sums of one side and the other may differ where rows are compared as equal.
 */
export function rowSum(columns: readonly SummedColumn[]): string {
  const texts = columns.map(({ kind, name, isUtf8 }) => {
    const selected = kind.select(name);
    if (kind.isFree !== true) return `IFNULL(${selected}, 'N')`;
    const text = isUtf8 ? selected : `CONVERT(${selected} USING utf8mb4)`;
    return `IFNULL(CONCAT(LENGTH(${text}), ':', ${text}), 'N')`;
  });
  const hash = `CONV(LEFT(SHA2(CONCAT(${texts.join(", ',', ")}), 256), 16), 16, 10)`;
  // A row longer than the server's largest packet has none, and may not be passed over: what is random is never equal.
  return `CAST(IFNULL(${hash}, FLOOR(RAND() * 1e15)) AS UNSIGNED)`;
}
