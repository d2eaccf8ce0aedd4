import { quoteIdentifier, quoteTable, type ColumnRow } from '@sluice/mysql';
import type { SeededRandom } from '@sluice/seeded-random';

export interface FilledTable {
  readonly database: string;
  readonly table: string;
  readonly columns: readonly ColumnRow[];
}

const ROWS = 12;
const ROWS_A_STATEMENT = 4;
const WORDS = [
  '',
  'a',
  'Zoë',
  "it's",
  'back\\slash',
  '日本語',
  '😀 smile',
  '"quoted"',
  'line\nbreak',
  '%_',
  'null',
  '0',
];
const LONGEST_TEXT = 40;
const BITS: Readonly<Record<string, number>> = {
  tinyint: 8,
  smallint: 16,
  mediumint: 24,
  int: 32,
  bigint: 64,
};

/** What an application does to a table of any shape: it puts rows in, changes some, changes a key and takes some away. */
export function rowStatements(filled: FilledTable, random: SeededRandom): string[] {
  const name = quoteTable(filled.database, filled.table);
  const columns = filled.columns.filter(({ EXTRA }) => !/generated/i.test(EXTRA));
  if (columns.length === 0) return [];
  const names = columns.map(({ COLUMN_NAME }) => quoteIdentifier(COLUMN_NAME)).join(', ');
  const row = (): string => `(${columns.map((column) => valueOf(column, random)).join(', ')})`;
  const inserts = Array.from({ length: ROWS / ROWS_A_STATEMENT }, () => {
    const rows = Array.from({ length: ROWS_A_STATEMENT }, row);
    return `INSERT IGNORE INTO ${name} (${names}) VALUES ${rows.join(', ')}`;
  });
  const changed = columns.filter(() => random.chance(0.4));
  const updates = changed.map((column) => {
    const value = valueOf(column, random);
    return `UPDATE IGNORE ${name} SET ${quoteIdentifier(column.COLUMN_NAME)} = ${value} ORDER BY 1 LIMIT ${random.integer(1, 3)}`;
  });
  return [...inserts, ...updates, `DELETE FROM ${name} LIMIT ${random.integer(0, 3)}`];
}

/** SQL of a value that the column's type can hold; a server without strict mode takes any. */
export function valueOf(column: ColumnRow, random: SeededRandom): string {
  const isOwn = column.EXTRA.includes('auto_increment');
  if (isOwn || (column.IS_NULLABLE === 'YES' && random.chance(0.15))) return 'NULL';
  const type = column.DATA_TYPE.toLowerCase();
  const bits = BITS[type];
  if (bits !== undefined) return integer(bits, /unsigned/i.test(column.COLUMN_TYPE), random);
  if (/^(decimal|float|double)$/.test(type)) return `${random.integer(-9999, 9999)}.${random.integer(0, 99)}`;
  if (type === 'bit') return String(random.integer(0, 1));
  if (/binary$|blob$/.test(type)) return bytes(column, random);
  if (/^(enum|set)$/.test(type)) return String(random.integer(1, 3));
  return momentOf(type, random) ?? otherOf(type, column, random);
}

function integer(bits: number, isUnsigned: boolean, random: SeededRandom): string {
  if (random.chance(0.8)) return String(random.integer(0, 100));
  const most = 2n ** BigInt(isUnsigned ? bits : bits - 1) - 1n;
  if (random.chance(0.5)) return String(most);
  return isUnsigned ? '0' : String(-most - 1n);
}

function momentOf(type: string, random: SeededRandom): string | null {
  const two = (most: number): string => String(random.integer(1, most)).padStart(2, '0');
  const date = `${random.integer(1971, 2037)}-${two(12)}-${two(28)}`;
  const time = `${two(23)}:${two(59)}:${two(59)}`;
  if (type === 'date') return `'${date}'`;
  if (type === 'time') return `'${time}.123456'`;
  if (type === 'year') return String(random.integer(1901, 2155));
  return /^(datetime|timestamp)$/.test(type) ? `'${date} ${time}.654321'` : null;
}

function otherOf(type: string, column: ColumnRow, random: SeededRandom): string {
  if (type === 'json') return text(JSON.stringify({ word: word(random), n: random.integer(-5, 5) }));
  if (/^(geometry|point)$/.test(type))
    return `ST_GeomFromText('POINT(${random.integer(0, 9)} ${random.integer(0, 9)})')`;
  if (type === 'uuid') return 'UUID()';
  if (type === 'inet4') return `'10.0.0.${random.integer(0, 255)}'`;
  if (type === 'inet6') return `'2001:db8::${random.integer(0, 9999)}'`;
  const longest = longestOf(column);
  const words = `${word(random)}${random.integer(0, 9999)}${word(random)}`;
  return text(Array.from(words).slice(0, longest).join(''));
}

function bytes(column: ColumnRow, random: SeededRandom): string {
  const longest = longestOf(column);
  const length = random.integer(0, longest);
  const hex = Array.from({ length }, () => random.integer(0, 255).toString(16).padStart(2, '0')).join('');
  return `x'${hex}'`;
}

/** Characters or bytes. */
function longestOf({ COLUMN_TYPE }: ColumnRow): number {
  return Math.min(Number(/\((\d+)\)/.exec(COLUMN_TYPE)?.[1] ?? LONGEST_TEXT), LONGEST_TEXT);
}

const word = (random: SeededRandom): string => WORDS[random.integer(0, WORDS.length - 1)] ?? '';

const text = (value: string): string => `'${value.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`;
