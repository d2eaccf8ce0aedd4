import type { ValueRow, ValueTable } from './value-table.ts';

const TEXT_COLUMNS = {
  c: 'char(12)',
  v: 'varchar(40)',
  tt: 'tinytext',
  t: 'text',
  mt: 'mediumtext',
  lt: 'longtext',
  ck: 'char(12)',
  vk: 'varchar(40)',
} as const;
const TEXT_KEY = ['ck', 'vk'];

/** Every type of text in one character set, CHAR and VARCHAR in the key as well. */
function textTable(index: number, charset: string, texts: readonly string[]): ValueTable {
  const names = Object.keys(TEXT_COLUMNS);
  const definitions = Object.entries(TEXT_COLUMNS).map(
    ([name, type]) =>
      `${name} ${type} character set ${charset} ${TEXT_KEY.includes(name) ? 'NOT NULL' : 'NULL'}`,
  );
  const filled = texts.map((text) => sameInAll(names, sqlText(text), JSON.stringify(text)));
  const inKey = sameInAll(TEXT_KEY, "'none'", '"none"');
  const nulls = sameInAll(names, 'NULL', 'null');
  return {
    name: `texts${index}`,
    family: 'Character sets and collations',
    title: `char, varchar, tinytext, text, mediumtext, longtext character set ${charset}`,
    definition: `id int NOT NULL, ${definitions.join(', ')}, PRIMARY KEY (ck, vk, id)`,
    key: ['ck', 'vk', 'id'],
    columns: names,
    example: 't',
    rows: [...filled, { sql: { ...nulls.sql, ...inKey.sql }, json: { ...nulls.json, ...inKey.json } }],
  };
}

function sqlText(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`;
}

const BIT_WIDTHS = Array.from({ length: 64 }, (_, index) => index + 1);

/** Of every width all ones, the highest bit, the lowest, none. */
function bitTable(): ValueTable {
  const rowOf = (value: (width: number) => bigint): ValueRow => {
    const values = BIT_WIDTHS.map((width) => [`b${width}`, value(width)] as const);
    return {
      sql: Object.fromEntries(values.map(([name, bits]) => [name, `b'${bits.toString(2)}'`])),
      json: Object.fromEntries(values.map(([name, bits]) => [name, bitJson(bits)])),
    };
  };
  const names = BIT_WIDTHS.map((width) => `b${width}`);
  return {
    name: 'bits',
    family: 'Integers, bits, years',
    title: 'bit(1), bit(2), bit(3) … bit(64)',
    definition: `id int NOT NULL PRIMARY KEY, ${BIT_WIDTHS.map((width) => `b${width} bit(${width})`).join(', ')}`,
    key: ['id'],
    columns: names,
    example: 'b3',
    rows: [
      rowOf((width) => 2n ** BigInt(width) - 1n),
      rowOf((width) => 2n ** BigInt(width - 1)),
      rowOf(() => 1n),
      rowOf(() => 0n),
      sameInAll(names, 'NULL', 'null'),
    ],
  };
}

function bitJson(bits: bigint): string {
  return bits > BigInt(Number.MAX_SAFE_INTEGER) ? `"${bits}"` : String(bits);
}

function sameInAll(names: readonly string[], sql: string, json: string): ValueRow {
  return {
    sql: Object.fromEntries(names.map((name) => [name, sql])),
    json: Object.fromEntries(names.map((name) => [name, json])),
  };
}

/** Tables that have one column for each of a row of types, where a table for each type would say nothing more. */
export const COLUMN_TABLES: readonly ValueTable[] = [
  bitTable(),
  ...[
    ['utf8mb4', ['größe 日本 😀', 'a"b\\c', "it's null"]],
    ['utf8mb4 collate utf8mb4_bin', ['größe 日本 😀', 'A a Ä ä']],
    ['latin1', ['größe € Œ', 'a"b\\c']],
    ['latin1 collate latin1_bin', ['größe € Œ', 'A a Ä ä']],
    ['gbk', ['中文 abc', '誠 a\\b']],
    ['sjis', ['日本語 ｱｲｳ', '表示 ソ']],
    ['utf16', ['日本 😀 é', 'a"b\\c']],
    ['ucs2', ['日本語 é', 'a"b\\c']],
  ].map(([charset, texts], index) => textTable(index, charset as string, texts as readonly string[])),
];
