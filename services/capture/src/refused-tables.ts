import type { TableDescription } from '@sluice/mysql';
import type { Logger, SluiceConfig } from '@sluice/runtime';
import type { CaptureMetrics } from './metrics.ts';
import { tableProblems } from './preflight.ts';
import type { TableRegistry } from './state/table-registry.ts';
import { tableId } from './state/table.ts';

/** A table that cannot be captured as it is. */
export interface RefusedTable {
  /** `database.table` */
  readonly id: string;
  readonly code: 'TABLE_SYSTEM_VERSIONED' | 'TABLE_WITHOUT_KEY';
  readonly why: string;
}

/** Null when there is nothing wrong with the table. */
export function refusalOf(config: SluiceConfig, description: TableDescription): RefusedTable | null {
  const [problem] = tableProblems(config, description);
  if (problem === undefined) return null;
  const code = description.isVersioned ? 'TABLE_SYSTEM_VERSIONED' : 'TABLE_WITHOUT_KEY';
  const why = `found ${problem.found}, needs ${problem.required}. Fix: ${problem.fix}`;
  return { id: tableId(description.database, description.table), code, why };
}

/**
 * Tells the tables that may be captured from those that turned up while capture ran and cannot be: they end no capture of
 * the others. What was published before is not let go so: it stays among `tables`, for preflight to refuse.
 */
export function withoutRefused(
  config: SluiceConfig,
  tables: readonly TableDescription[],
  known: TableRegistry,
): { readonly tables: readonly TableDescription[]; readonly refused: readonly RefusedTable[] } {
  const isNew = ({ database, table }: TableDescription): boolean => known.shapeOf(database, table) === null;
  const refused = tables.filter(isNew).flatMap((table) => refusalOf(config, table) ?? []);
  const ids = new Set(refused.map(({ id }) => id));
  return { tables: tables.filter(({ database, table }) => !ids.has(tableId(database, table))), refused };
}

export function sayRefused({ id, code, why }: RefusedTable, metrics: CaptureMetrics, log: Logger): void {
  metrics.refused(code);
  log.warn(
    { event: 'capture.table_refused', code, table: id },
    `table ${id} is left alone, and nothing of it is published: ${why}`,
  );
}
