import { pickOr, quoteName, quoteText, type Dialect } from './dialect.ts';
import { freeColumn, freeTable } from './names.ts';
import { INT, randomKeyType, randomType, TABLE_CHARSETS, type ValueType } from './value-types.ts';

export interface ModelColumn {
  readonly name: string;
  readonly type: ValueType;
  /** The server computes it. */
  readonly isGenerated?: boolean;
}

/** What a history believes of a table. The server may know better: a statement that it refuses changes nothing. */
export interface ModelTable {
  readonly name: string;
  readonly columns: readonly ModelColumn[];
  /** Names of key columns. */
  readonly key: readonly string[];
  readonly isPartitioned: boolean;
  /** By ranges of its key, which is one number. */
  readonly hasRanges?: boolean;
  /** The server counts the key. */
  readonly isCounted?: boolean;
}

/** A statement, and the tables when it has run. */
export interface Change {
  readonly sql: string;
  readonly tables: readonly ModelTable[];
}

const RANGES =
  'PARTITION BY RANGE (id) (PARTITION p0 VALUES LESS THAN (4), PARTITION p1 VALUES LESS THAN (8), PARTITION p2 VALUES LESS THAN MAXVALUE)';

export const namesOf = (tables: readonly ModelTable[]): string[] => tables.map(({ name }) => name);
/** Columns that a statement may write. */
export const writable = (table: ModelTable): ModelColumn[] =>
  table.columns.filter(({ isGenerated }) => isGenerated !== true);

export function createTable(dialect: Dialect, tables: readonly ModelTable[]): Change | null {
  const name = freeTable(dialect, namesOf(tables));
  return name === undefined ? null : creation(dialect, name, tables);
}

/** A table of this name, with any columns and key. */
export function creation(dialect: Dialect, name: string, others: readonly ModelTable[]): Change {
  const { random, ingredients } = dialect;
  const key = keyColumns(dialect);
  const table: ModelTable = {
    name,
    columns: [...key, ...plainColumns(dialect, key)],
    key: key.map((column) => column.name),
    isPartitioned: ingredients.has('partitions') && random.chance(0.1),
    hasRanges: ingredients.has('ranges') && key[0]?.name === 'id' && random.chance(0.5),
    isCounted: ingredients.has('auto increment') && key[0]?.name === 'id' && random.chance(0.3),
  };
  const lines = table.columns.map((column) => {
    const isKey = table.key.includes(column.name);
    return `${columnLine(dialect, column, isKey)}${isKey && table.isCounted === true ? ' AUTO_INCREMENT' : ''}`;
  });
  const withMore = table.isPartitioned ? table : withGenerated(dialect, table, lines);
  lines.push(`PRIMARY KEY (${table.key.map((column) => quoteName(dialect, column)).join(', ')})`);
  lines.push(...checks(dialect, table));
  if (!table.isPartitioned) lines.push(...foreignKey(dialect, withMore, others));
  const sql = `CREATE TABLE ${quoteName(dialect, name)} (${lines.join(', ')})${tableOptions(dialect, table)}`;
  return { sql, tables: [...others, withMore] };
}

function keyColumns(dialect: Dialect): ModelColumn[] {
  const { random } = dialect;
  if (random.chance(0.6)) return [{ name: 'id', type: INT }];
  const first = { name: freeColumn(dialect, []) ?? 'id', type: randomKeyType(dialect) };
  if (random.chance(0.5)) return [first];
  return [first, { name: freeColumn(dialect, [first.name]) ?? 'id', type: randomKeyType(dialect) }];
}

function plainColumns(dialect: Dialect, key: readonly ModelColumn[]): ModelColumn[] {
  const columns: ModelColumn[] = [];
  for (let left = dialect.random.integer(1, 5); left > 0; left--) {
    const name = freeColumn(
      dialect,
      [...key, ...columns].map((column) => column.name),
    );
    if (name !== undefined) columns.push({ name, type: randomType(dialect) });
  }
  return columns;
}

function columnLine(dialect: Dialect, { name, type }: ModelColumn, isKey: boolean): string {
  return `${quoteName(dialect, name)} ${definition(dialect, type, isKey)}`;
}

/** Type, nullability and default. */
export function definition(dialect: Dialect, type: ValueType, isKey = false): string {
  const { random, ingredients, flavour } = dialect;
  if (isKey) return `${type.sql.replace(/ NULL$/, '')} NOT NULL`;
  // MariaDB fills in a geometry that is none (docs/limits.md).
  const isFilledIn = flavour === 'mariadb' && type.sql === 'POINT';
  if (random.chance(0.15) && !isFilledIn) return `${type.sql.replace(/ NULL$/, '')} NOT NULL`;
  const takesDefault = !/TEXT|BLOB|JSON|POINT/.test(type.sql);
  const byDefault = takesDefault && random.chance(0.3) ? ` DEFAULT ${type.literal(dialect)}` : '';
  const hidden = ingredients.has('invisible') && random.chance(0.05) ? ' INVISIBLE' : '';
  const comment = random.chance(0.1) ? ` COMMENT ${quoteText(dialect, 'a, b) C:\\')}` : '';
  return `${type.sql}${type.sql.endsWith(' NULL') ? '' : ' NULL'}${byDefault}${hidden}${comment}`;
}

function withGenerated(dialect: Dialect, table: ModelTable, lines: string[]): ModelTable {
  const { random, ingredients } = dialect;
  const name = freeColumn(
    dialect,
    table.columns.map((column) => column.name),
  );
  const numbers = table.columns.filter(({ type }) => /^(INT|TINYINT|MEDIUMINT)/.test(type.sql));
  if (!ingredients.has('generated') || name === undefined || numbers.length === 0 || random.chance(0.8))
    return table;
  const from = quoteName(dialect, random.pick(numbers).name);
  lines.push(
    `${quoteName(dialect, name)} BIGINT AS (${from} + 1) ${random.chance(0.5) ? 'VIRTUAL' : 'STORED'}`,
  );
  return { ...table, columns: [...table.columns, { name, type: INT, isGenerated: true }] };
}

/** Rows of most statements fit. */
function checks(dialect: Dialect, table: ModelTable): string[] {
  const { random, ingredients } = dialect;
  const numbers = table.columns.filter(({ type }) => type === INT);
  if (!ingredients.has('checks') || numbers.length === 0 || random.chance(0.85)) return [];
  return [`CHECK (${quoteName(dialect, random.pick(numbers).name)} < 90)`];
}

function foreignKey(dialect: Dialect, table: ModelTable, others: readonly ModelTable[]): string[] {
  const { random, ingredients } = dialect;
  if (!ingredients.has('foreign keys') || random.chance(0.8)) return [];
  const parents = others.filter(
    ({ key, isPartitioned }) => key.length === 1 && key[0] === 'id' && !isPartitioned,
  );
  const ours = table.columns.filter(({ name, type }) => type === INT && !table.key.includes(name));
  if (parents.length === 0 || ours.length === 0) return [];
  const parent = quoteName(dialect, random.pick(parents).name);
  const column = quoteName(dialect, random.pick(ours).name);
  const action = random.pick(['', ' ON DELETE CASCADE', ' ON DELETE SET NULL', ' ON UPDATE CASCADE']);
  return [`FOREIGN KEY (${column}) REFERENCES ${parent} (id)${action}`];
}

function tableOptions(dialect: Dialect, table: ModelTable): string {
  const { random, ingredients } = dialect;
  const options = ['ENGINE=InnoDB'];
  if (ingredients.has('other charsets')) options.push(`CHARACTER SET ${pickOr(random, 0.4, TABLE_CHARSETS)}`);
  if (random.chance(0.2)) options.push(`COMMENT=${quoteText(dialect, "it's C:\\")}`);
  if (random.chance(0.1)) options.push(`ROW_FORMAT=${random.pick(['COMPACT', 'DYNAMIC', 'REDUNDANT'])}`);
  if (table.isCounted === true && random.chance(0.3)) options.push(`AUTO_INCREMENT=${random.integer(1, 20)}`);
  if (table.isPartitioned && table.hasRanges === true) options.push(RANGES);
  else if (table.isPartitioned) options.push(`PARTITION BY KEY () PARTITIONS ${random.integer(1, 4)}`);
  return ` ${options.join(' ')}`;
}
