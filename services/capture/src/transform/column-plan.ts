import type { PreflightProblem } from '@sluice/runtime';
import { type SchemaColumn, tableId } from '@sluice/envelope';
import { type TableSchema } from '../model/table.ts';
import { columnSetting, hides, type ColumnSetting, type TableSettings } from './table-settings.ts';
import type { HashKey } from '../model/hash-key.ts';
import type { ValueStep, PublishedColumn, ColumnPlan } from '../model/publication.ts';

const HASH_DIGITS = 64;
/** Members that sinks add to a row, and what the target table has besides. */
const RESERVED = /^_sluice|^_sequence$|^_id$/iu;
const CHARACTERS = /^(?:var)?char\((\d+)\)$/u;
/** Characters of four bytes that fit in any case. */
const TEXTS: Readonly<Record<string, number>> = {
  tinytext: 63,
  text: 16_383,
  mediumtext: 4_194_303,
  longtext: 1_073_741_823,
};
const WRITE: ValueStep = { kind: 'write' };

/**
 * The plan for a table of this schema, and everything that keeps the settings from being applied to it. The plan is null
 * when all columns are published as they are.
 *
 * @param hashKey null when there is none
 */
export function planColumns(
  schema: TableSchema,
  settings: TableSettings,
  hashKey: HashKey | null,
): { readonly plan: ColumnPlan | null; readonly problems: readonly PreflightProblem[] } {
  const problems = schema.columns.flatMap((column) => {
    const setting = columnSetting(settings, column.name);
    return setting === undefined ? [] : columnProblems(schema, column, setting, hashKey);
  });
  const columns = schema.columns.flatMap((column, place): PublishedColumn[] => {
    const config = columnSetting(settings, column.name)?.config;
    if (config === undefined) return [{ column, place, step: WRITE }];
    const of = hashKey?.isPerColumn === true ? hashedAs(schema, column, config) : undefined;
    return config.exclude ? [] : [{ ...publish(column, config, of), place }];
  });
  const isPlain =
    columns.length === schema.columns.length &&
    columns.every(({ column, place }) => column === schema.columns[place]);
  if (isPlain) return { plan: null, problems };
  const keyColumns = schema.keyColumns.map((name) => columnSetting(settings, name)?.config.rename ?? name);
  const text = JSON.stringify([
    columns.map(({ column: { name, type }, place, step }) => ({ place, name, type, step })),
    columns.some(({ step }) => step.kind === 'hash') ? (hashKey?.id ?? null) : null,
  ]);
  return { plan: { columns, keyColumns, text }, problems: [...problems, ...collisions(schema, columns)] };
}

/** What a column's hash key is derived from: its name, or the name that joins it to others. */
function hashedAs(
  { database, table }: TableSchema,
  { name }: SchemaColumn,
  { hashLink }: ColumnSetting['config'],
): string {
  return JSON.stringify(
    hashLink === undefined ? ['column', database, table, name.toLowerCase()] : ['link', hashLink],
  );
}

function publish(
  column: SchemaColumn,
  { mask, hash, truncate, rename }: ColumnSetting['config'],
  of: string | undefined,
): { readonly column: SchemaColumn; readonly step: ValueStep } {
  const named = rename === undefined || rename === column.name ? column : { ...column, name: rename };
  if (mask !== undefined)
    return { column: holding(named, Array.from(mask).length), step: { kind: 'mask', text: mask } };
  if (hash)
    return {
      column: holding(named, HASH_DIGITS),
      step: of === undefined ? { kind: 'hash' } : { kind: 'hash', of },
    };
  if (truncate === undefined) return { column: named, step: WRITE };
  const type = CHARACTERS.test(column.type) ? shortened(column.type, truncate) : column.type;
  return { column: { ...named, type }, step: { kind: 'truncate', characters: truncate } };
}

/** A text column that is long enough keeps its type: a target table need not change. */
function holding(column: SchemaColumn, characters: number): SchemaColumn {
  if (characters <= (textLength(column) ?? 0)) return { ...column };
  return { ...column, type: `varchar(${characters})`, charset: 'utf8mb4' };
}

/** Characters that fit into a text column; null for other types. */
function textLength({ type, charset }: SchemaColumn): number | null {
  if (charset === null) return null;
  return Number(CHARACTERS.exec(type)?.[1] ?? TEXTS[type] ?? 0) || null;
}

function shortened(type: string, characters: number): string {
  return type.replace(/\d+/u, (length) => String(Math.min(Number(length), characters)));
}

function columnProblems(
  schema: TableSchema,
  column: SchemaColumn,
  { setting, config }: ColumnSetting,
  hashKey: HashKey | null,
): readonly PreflightProblem[] {
  const table = tableId(schema.database, schema.table);
  const problems: PreflightProblem[] = [];
  const { hash, truncate, rename } = config;
  if (hides(config) && schema.keyColumns.includes(column.name))
    problems.push({
      setting,
      found: `${column.name} is a key column of ${table}`,
      required: 'unchanged key columns (only `rename` is allowed), because they identify the rows',
      fix: `remove it, or give the table another key under source.keys[${JSON.stringify(table)}] with the columns of a NOT NULL unique index`,
    });
  if (truncate !== undefined && textLength(column) === null)
    problems.push({
      setting: `${setting}.truncate`,
      found: `${table}.${column.name} is ${column.type}`,
      required: 'a CHAR, VARCHAR or TEXT column',
      fix: 'use `mask`, `hash` or `exclude` instead',
    });
  if (hash && hashKey === null)
    problems.push({
      setting: `${setting}.hash`,
      found: 'no capture.hashKeyFile',
      required: 'a key for the hash',
      fix: 'name a file under capture.hashKeyFile, and make it by `sluice hash-key new`',
    });
  if (rename !== undefined && RESERVED.test(rename))
    problems.push({
      setting: `${setting}.rename`,
      found: rename,
      required: 'a name that sinks do not use themselves',
      fix: 'choose a name that does not begin with `_`',
    });
  return problems;
}

/** A target table does not tell names that differ in case only. */
function collisions(schema: TableSchema, columns: readonly PublishedColumn[]): readonly PreflightProblem[] {
  const groups = Map.groupBy(columns, ({ column }) => column.name.toLowerCase());
  return [...groups.values()]
    .filter((group) => group.length > 1)
    .map((group) => ({
      setting: `columns of table ${tableId(schema.database, schema.table)}`,
      found: `${group.map(({ place }) => schema.columns[place]?.name).join(' and ')} are both published as ${group[0]?.column.name}`,
      required: 'a name of its own for every published column',
      fix: 'change one `rename`, or `exclude` one of the columns',
    }));
}
