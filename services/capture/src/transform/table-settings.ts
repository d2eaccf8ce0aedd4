import { tablePattern } from '@sluice/envelope';
import type { TablesConfig } from '@sluice/runtime';
import type { SourceOperation } from '../model/publication.ts';

type ColumnConfig = TablesConfig[string]['columns'][string];

/** What becomes of one column, and which setting says so. */
export interface ColumnSetting {
  /** For example `tables["shop.*"].columns.email`. */
  readonly setting: string;
  readonly config: ColumnConfig;
}

/** What the section `tables` says of one table, of all patterns that fit it. */
export interface TableSettings {
  /** By name in lower case, as servers compare names of columns: see `columnSetting`. */
  readonly columns: ReadonlyMap<string, ColumnSetting>;
  /** Which rows are published; null when all are. */
  readonly where: { readonly setting: string; readonly text: string } | null;
  /** Columns of the key that decide on the partition; null when the whole key does. */
  readonly partitionBy: { readonly setting: string; readonly columns: readonly string[] } | null;
  /** Changes that are not published; null when all are. */
  readonly skips: ReadonlySet<SourceOperation> | null;
  /** Two patterns say the same setting of this table. */
  readonly twice: readonly { readonly setting: string; readonly other: string }[];
}

const OPERATIONS = ['INSERT', 'UPDATE', 'DELETE', 'TRUNCATE'] as const;

/** A setting of the section `tables`, as messages name it. */
export function settingName(pattern: string, ...path: readonly string[]): string {
  const plain = (part: string): string =>
    /^[A-Za-z0-9_-]+$/.test(part) ? `.${part}` : `[${JSON.stringify(part)}]`;
  return `tables[${JSON.stringify(pattern)}]${path.map(plain).join('')}`;
}

/** What becomes of a column, whatever the case that its name is written in: servers do not tell `Email` from `email`. */
export function columnSetting(settings: TableSettings, column: string): ColumnSetting | undefined {
  return settings.columns.get(column.toLowerCase());
}

/** Whether the values of a column are kept from readers, in whole or in part. */
export function isHidden(settings: TableSettings, column: string): boolean {
  const config = columnSetting(settings, column)?.config;
  return config !== undefined && hides(config);
}

export function hides({ exclude, hash, mask, truncate }: ColumnConfig): boolean {
  return exclude || hash || mask !== undefined || truncate !== undefined;
}

/** Null when no pattern fits the table. */
export function settingsOf(tables: TablesConfig, database: string, table: string): TableSettings | null {
  const fitting = Object.entries(tables).filter(([pattern]) => tablePattern(pattern)(database, table));
  if (fitting.length === 0) return null;
  const columns = new Map<string, ColumnSetting>();
  const twice: { setting: string; other: string }[] = [];
  let where: TableSettings['where'] = null;
  let partitionBy: TableSettings['partitionBy'] = null;
  let operations: { setting: string; names: readonly string[] } | null = null;
  for (const [pattern, config] of fitting) {
    for (const [column, columnConfig] of Object.entries(config.columns)) {
      const setting = settingName(pattern, 'columns', column);
      const name = column.toLowerCase();
      const other = columns.get(name)?.setting;
      if (other === undefined) columns.set(name, { setting, config: columnConfig });
      else twice.push({ setting, other });
    }
    if (config.where !== undefined) {
      const setting = settingName(pattern, 'where');
      if (where === null) where = { setting, text: config.where };
      else twice.push({ setting, other: where.setting });
    }
    if (config.partitionBy !== undefined) {
      const setting = settingName(pattern, 'partitionBy');
      if (partitionBy === null) partitionBy = { setting, columns: config.partitionBy };
      else twice.push({ setting, other: partitionBy.setting });
    }
    if (config.operations === undefined) continue;
    const setting = settingName(pattern, 'operations');
    if (operations === null) operations = { setting, names: config.operations };
    else twice.push({ setting, other: operations.setting });
  }
  return { columns, where, partitionBy, skips: skipsOf(operations?.names), twice };
}

function skipsOf(published: readonly string[] | undefined): ReadonlySet<SourceOperation> | null {
  if (published === undefined) return null;
  const skips = OPERATIONS.filter((operation) => !published.includes(operation.toLowerCase()));
  return skips.length === 0 ? null : new Set(skips);
}
