import type { TableDescription } from '@sluice/mysql';
import type { Logger, SluiceConfig } from '@sluice/runtime';
import type { CaptureMetrics } from './metrics.ts';
import { checkPattern, tableProblems, type PreflightProblem } from './preflight.ts';
import { tableId } from './state/table.ts';
import type { TableName } from './stream/statement-text.ts';

/** A table that cannot be captured as it is, or a pattern of `source.tables` that fits none. */
export interface RefusedTable {
  /** `database.table`, or the pattern. */
  readonly id: string;
  readonly code: 'PATTERN_WITHOUT_TABLE' | 'TABLE_SYSTEM_VERSIONED' | 'TABLE_WITHOUT_KEY';
  readonly why: string;
}

/** Null when there is nothing wrong with the table. */
export function refusalOf(config: SluiceConfig, description: TableDescription): RefusedTable | null {
  const [problem] = tableProblems(config, description);
  if (problem === undefined) return null;
  const code = description.isVersioned ? 'TABLE_SYSTEM_VERSIONED' : 'TABLE_WITHOUT_KEY';
  return { id: tableId(description.database, description.table), code, why: whyOf(problem) };
}

function whyOf({ found, required, fix }: PreflightProblem): string {
  return `found ${found}, needs ${required}. Fix: ${fix}`;
}

/** Patterns that fit none of the tables: of a database that is empty yet, of a name that is misspelt. */
export function emptyPatterns(config: SluiceConfig, tables: readonly TableName[]): readonly RefusedTable[] {
  return config.source.tables.flatMap((pattern) =>
    checkPattern(pattern, tables).map((problem) => ({
      id: pattern,
      code: 'PATTERN_WITHOUT_TABLE' as const,
      why: whyOf(problem),
    })),
  );
}

/** Tells the tables that may be captured from those that cannot be: they end no capture of the others. */
export function withoutRefused(
  config: SluiceConfig,
  tables: readonly TableDescription[],
): { readonly tables: readonly TableDescription[]; readonly refused: readonly RefusedTable[] } {
  const refused = tables.flatMap((table) => refusalOf(config, table) ?? []);
  const ids = new Set(refused.map(({ id }) => id));
  return { tables: tables.filter(({ database, table }) => !ids.has(tableId(database, table))), refused };
}

export function sayRefused({ id, code, why }: RefusedTable, metrics: CaptureMetrics, log: Logger): void {
  metrics.refused(code);
  log.warn(
    { event: 'capture.table_refused', code, table: id },
    `${code === 'PATTERN_WITHOUT_TABLE' ? 'pattern' : 'table'} ${id} is left alone, and nothing of it is published: ${why}`,
  );
}
