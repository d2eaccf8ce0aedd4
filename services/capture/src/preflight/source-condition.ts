import { tableId, type TableName } from '@sluice/envelope';
import type { TableDescription } from '@sluice/mysql';
import { PipelineError } from '@sluice/runtime';
import type { CaptureSettings } from '../settings/capture-settings.ts';
import type { ServerFacts } from '../source/server.ts';
import { ConditionError } from '../transform/condition-parser.ts';
import { conditionSql } from '../transform/condition-sql.ts';
import { isHidden, settingsOf } from '../transform/table-settings.ts';
import { sourceSchema } from './schema-checks.ts';

/** What of the source a condition is held against. */
export interface ConditionFacts {
  readonly settings: CaptureSettings;
  readonly server: ServerFacts;
  /** All tables of the source that the settings name. */
  readonly found: readonly TableDescription[];
}

/** The condition as SQL for this table. Throws SNAPSHOT_REFUSED when it is none of our own language, or not for this table. */
export function sourceConditionSql(
  { settings: { config }, server, found }: ConditionFacts,
  name: TableName,
  condition: string,
): string {
  const table = found.find(({ database, table }) => database === name.database && table === name.table);
  const settings = settingsOf(config.tables, name.database, name.table);
  const columns = table === undefined ? [] : sourceSchema(table, config, server).columns;
  try {
    return conditionSql(condition, {
      columns,
      isHidden: (column) => settings !== null && isHidden(settings, column),
    });
  } catch (error) {
    if (!(error instanceof ConditionError)) throw error;
    const id = tableId(name.database, name.table);
    throw new PipelineError('SNAPSHOT_REFUSED', `The condition on ${id} ${error.message}.`, { cause: error });
  }
}
