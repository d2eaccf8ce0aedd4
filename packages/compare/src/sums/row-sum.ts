import type { ColumnKind } from '../column-kinds.ts';

export interface SummedColumn {
  readonly kind: Pick<ColumnKind, 'select' | 'isFree'>;
  /** Quoted. */
  readonly name: string;
  /** Whether its text is stored in the character set that it is read in. */
  readonly isUtf8mb4: boolean;
}

/**
 * SQL for 64 bits of the SHA-256 of a row's values. What goes into it is the text that rows are compared by, one column behind the other so that
 * no two rows give the same: a value without commas as it is, any other one behind its length, and N for NULL. So equal sums are equal rows,
 * but for one chance in 2^64; the sums of one side and the other may differ where rows are compared as equal.
 */
export function rowSum(columns: readonly SummedColumn[]): string {
  const texts = columns.map(({ kind, name, isUtf8mb4 }) => {
    const selected = kind.select(name);
    // utf8mb3 too: beside a column of another collation it must not decide in which character set all are put together.
    const text = isUtf8mb4 ? selected : `CONVERT(${selected} USING utf8mb4)`;
    const part = kind.isFree === true ? `CONCAT(LENGTH(${text}), ':', ${text})` : selected;
    // Only the column is asked for NULL: a text is NULL too when it is too long for the server, or is not of the character set.
    return `IF(${name} IS NULL, 'N', ${part})`;
  });
  const hash = `CONV(LEFT(SHA2(CONCAT(${texts.join(", ',', ")}), 256), 16), 16, 10)`;
  // A row with such a text, or that is too long itself, has none, and may not be passed over: what is random is never equal.
  return `CAST(IFNULL(${hash}, FLOOR(RAND() * 1e15)) AS UNSIGNED)`;
}
