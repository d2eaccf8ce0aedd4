import { tableId, type TableName, tablePattern } from '@sluice/envelope';
import { quoteIdentifier, type TableDescription } from '@sluice/mysql';
import type { SluiceConfig, TablesConfig, PreflightProblem } from '@sluice/runtime';
import { schemaOfDescription, type ServerFlavour } from '../catalog/column-catalog.ts';
import type { TableFilter } from '../model/table-filter.ts';
import { type TableSchema } from '../model/table.ts';
import type { PublicationCompiler } from '../transform/publication-compiler.ts';
import { columnSetting, isHidden, settingName, settingsOf } from '../transform/table-settings.ts';

export interface SchemaFacts {
  readonly config: SluiceConfig;
  readonly filter: TableFilter;
  readonly compiler: PublicationCompiler;
  /** The captured tables. */
  readonly tables: readonly TableDescription[];
  readonly server: ServerFlavour;
  /** The schemas of tables that the stream may still have changes of: the newest of the schema history. */
  readonly known: Iterable<TableSchema>;
}

export interface SchemaFindings {
  readonly problems: readonly PreflightProblem[];
  /** Settings that fit no table yet. */
  readonly warnings: readonly string[];
}

/** The schema of a captured table as the source has it now. */
export function sourceSchema(
  table: TableDescription,
  config: SluiceConfig,
  server: ServerFlavour,
): TableSchema {
  const key = config.source.keys[tableId(table.database, table.table)] ?? table.primaryKey;
  return schemaOfDescription(table, key, server);
}

/** Everything at once that keeps the section `tables` from being applied as it was meant. */
export function findSchemaProblems(facts: SchemaFacts): SchemaFindings {
  const { config, compiler, tables, server } = facts;
  const schemas = tables.map((table) => sourceSchema(table, config, server));
  const columns = [...schemas, ...facts.known].map((schema) => ({
    database: schema.database,
    table: schema.table,
    columns: [...schema.columns.map(({ name }) => name), ...(schema.leftOut ?? [])].map((name) =>
      name.toLowerCase(),
    ),
  }));
  const patterns = Object.keys(config.tables);
  return {
    problems: [
      ...schemas.flatMap((schema) => compiler.judge(schema)),
      ...tables.flatMap((table) => generatedProblems(table, config.tables)),
      ...patterns.flatMap((pattern) => unknownColumns(pattern, facts, columns)),
    ],
    warnings: patterns.flatMap((pattern) => mayComeLater(pattern, facts, columns)),
  };
}

interface KnownTable extends TableName {
  /** In lower case. */
  readonly columns: readonly string[];
}

function fitting(pattern: string, tables: readonly KnownTable[]): readonly KnownTable[] {
  const fits = tablePattern(pattern);
  return tables.filter(({ database, table }) => fits(database, table));
}

/** A column that none of the tables has is a typing error: something would be published that was to be hidden. */
function unknownColumns(
  pattern: string,
  { config, filter }: SchemaFacts,
  tables: readonly KnownTable[],
): readonly PreflightProblem[] {
  const fit = fitting(pattern, tables);
  if (fit.length === 0) return isCaptured(pattern, filter) ? [] : [neverCaptured(pattern)];
  const names = Object.keys(config.tables[pattern]?.columns ?? {});
  return names
    .filter((column) => !fit.some(({ columns }) => columns.includes(column.toLowerCase())))
    .map((column) => ({
      setting: settingName(pattern, 'columns', column),
      found: `no column ${column} in ${fit.length === 1 ? 'table ' : ''}${fit.map(({ database, table }) => tableId(database, table)).join(', ')}`,
      required: 'a column of a captured table',
      fix: 'correct the name, or remove the setting',
    }));
}

/** A pattern with wildcards may always fit a later table. */
function isCaptured(pattern: string, filter: TableFilter): boolean {
  if (/[*?]/.test(pattern)) return true;
  const [database = '', table = ''] = pattern.split('.');
  return filter.captures(database, table);
}

function neverCaptured(pattern: string): PreflightProblem {
  return {
    setting: settingName(pattern),
    found: 'a table that source.tables and source.excludeTables leave out',
    required: 'a captured table',
    fix: 'correct the name, add the table to source.tables, or remove the setting',
  };
}

function mayComeLater(
  pattern: string,
  { filter }: SchemaFacts,
  tables: readonly KnownTable[],
): readonly string[] {
  if (fitting(pattern, tables).length > 0 || !isCaptured(pattern, filter)) return [];
  return [`${settingName(pattern)} matches no table yet; it applies to tables that are created later`];
}

/** Columns that the server computes from hidden ones, in every row or by default: they would tell what those hold. */
export function generatedProblems(
  { database, table, columns }: TableDescription,
  tables: TablesConfig,
): readonly PreflightProblem[] {
  const settings = settingsOf(tables, database, table);
  if (settings === null) return [];
  const hidden = columns.map(({ COLUMN_NAME }) => COLUMN_NAME).filter((name) => isHidden(settings, name));
  return columns
    .filter(({ COLUMN_NAME }) => columnSetting(settings, COLUMN_NAME) === undefined)
    .flatMap((column) => {
      const expression = expressionOf(column);
      const from = hidden.find((name) => expression.includes(quoteIdentifier(name).toLowerCase()));
      if (from === undefined) return [];
      const how =
        (column.GENERATION_EXPRESSION ?? '') === '' ? 'takes its default from' : 'is generated from';
      return [
        {
          setting: columnSetting(settings, from)?.setting ?? '',
          found: `column ${column.COLUMN_NAME} of ${tableId(database, table)} ${how} ${from}`,
          required: 'a setting for that column too, because it reveals the hidden one',
          fix: `add ${column.COLUMN_NAME} beside it, with exclude, mask or hash; {} publishes it unchanged`,
        },
      ];
    });
}

/** In lower case. A literal default has no quoted name in it, but may hold the text of one: better a word too many. */
function expressionOf({
  GENERATION_EXPRESSION,
  COLUMN_DEFAULT,
}: TableDescription['columns'][number]): string {
  return `${GENERATION_EXPRESSION ?? ''} ${COLUMN_DEFAULT ?? ''}`.toLowerCase();
}
