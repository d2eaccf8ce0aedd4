export const SKIP_REASONS = ['condition', 'operation', 'table', 'published'] as const;

/**
 * Row changes of the binlog that were not published, since the last flush. `condition`: outside of the table's `where`, before and after;
 * `operation`: not wanted of the table; `table`: it is not captured, or stopped; `published`: by an earlier reading.
 */
export type SkippedRows = Record<(typeof SKIP_REASONS)[number], number>;

export function noneSkipped(): SkippedRows {
  return { condition: 0, operation: 0, table: 0, published: 0 };
}
