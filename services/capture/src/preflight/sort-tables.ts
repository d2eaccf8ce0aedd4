import type { Connection } from 'mysql2/promise';
import type { TableName } from '@sluice/envelope';
import type { TableDescription } from '@sluice/mysql';
import type { PreflightProblem, SluiceConfig } from '@sluice/runtime';
import {
  findLost,
  findUnreadable,
  readSelectGrants,
  selectLost,
  selectMissing,
} from '../catalog/select-grants.ts';
import type { Source } from '../source/source.ts';
import {
  emptyPatterns,
  hiddenTable,
  unreadablePatterns,
  withoutRefused,
  type RefusedTable,
} from './refused-tables.ts';

export interface TablesFound {
  readonly config: SluiceConfig;
  /** Whether this process has streamed before. */
  readonly hasStreamed: boolean;
  /** Tables of the source that the settings name. */
  readonly found: readonly TableDescription[];
  /** Tables that were captured before, whether they are still there or not. */
  readonly earlier: readonly TableName[];
  readonly source: Source;
}

export interface SortedTables {
  readonly tables: readonly TableDescription[];
  /** What cannot be captured as it is, and patterns that fit no table. */
  readonly refused: readonly RefusedTable[];
  /** What keeps capture from starting: tables that the account may not read. */
  readonly hidden: readonly PreflightProblem[];
}

/** Tells tables that can be captured from those that cannot, or with `source.strictTables` keep capture from starting. */
export async function sortTables(
  { config, hasStreamed, found, earlier, source }: TablesFound,
  connection: Connection,
): Promise<SortedTables> {
  const { account } = source.facts;
  const grants = await readSelectGrants(connection);
  const unreadable = await findUnreadable(connection, grants, found);
  const lost = await findLost(connection, grants, found, earlier);
  const empty = emptyPatterns(config, [...found, ...earlier], account);
  const hidden = hasStreamed ? [] : unreadablePatterns(config, grants, empty, account);
  if (config.source.strictTables && !hasStreamed) {
    const problems = [
      ...unreadable.map((table) => selectMissing(table, account)),
      ...lost.map((table) => selectLost(table, account)),
    ];
    return { tables: found, refused: [], hidden: [...hidden, ...problems] };
  }
  const hasRun = hasStreamed || earlier.length > 0;
  const { tables, refused } = withoutRefused(config, found, unreadable, account, hasRun);
  const unseen = lost.map((table) => hiddenTable(table, selectLost(table, account)));
  return { tables, refused: [...refused, ...unseen, ...empty], hidden };
}
