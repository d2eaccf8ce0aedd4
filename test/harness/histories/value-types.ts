import { quoteText, type Dialect } from './dialect.ts';

/** A column type as a history declares it, and literals that it takes in most sessions. */
export interface ValueType {
  readonly sql: string;
  readonly literal: (dialect: Dialect) => string;
  /** The n-th of few values, for keys that meet again. */
  readonly keyLiteral: (dialect: Dialect, n: number) => string;
}

const TEXTS = [
  '',
  'a',
  'A',
  'a ',
  "it's",
  'C:\\',
  '%_',
  '-- no comment',
  '/* nor this',
  'ü',
  'Straße',
  'ж',
  '日本語',
  '😀',
  'null',
  '0',
];
const MOMENTS = [
  '2026-11-27 23:59:59.999999',
  '1970-01-02 00:00:01',
  '2026-03-29 01:30:00',
  '2037-12-31 12:00:00.5',
];
const JSONS = ['{"n": 9007199254740993}', '[1, 2.50, "ü"]', '"x"', '{}', '{"a": {"b": [true, 1e3]}}'];
const HEX = ["X''", "X'00'", "X'FF00'", "X'41'", "X'C3BC'"];

const numeric = (sql: string, values: readonly string[]): ValueType => ({
  sql,
  literal: ({ random }) => (random.chance(0.5) ? random.pick(values) : String(random.integer(0, 100))),
  keyLiteral: (_, n) => String(n),
});
const textual = (sql: string, texts = TEXTS): ValueType => ({
  sql,
  literal: (dialect) => quoteText(dialect, dialect.random.pick(texts)),
  keyLiteral: (dialect, n) => quoteText(dialect, `${texts[n % texts.length]}${n > texts.length ? n : ''}`),
});
const chosen = (sql: string, literals: readonly string[]): ValueType => ({
  sql,
  literal: ({ random }) => random.pick(literals),
  keyLiteral: (_, n) => literals[n % literals.length] ?? 'NULL',
});
const moment = (sql: string): ValueType => ({
  sql,
  literal: ({ random }) => `'${random.pick(MOMENTS)}'`,
  keyLiteral: (_, n) => `'2026-02-${String(n + 1).padStart(2, '0')} 10:00:0${n % 10}'`,
});

export const INT = numeric('INT', ['-2147483648', '2147483647']);
const NUMBERS = [
  INT,
  numeric('TINYINT', ['-128', '127']),
  numeric('SMALLINT UNSIGNED', ['0', '65535']),
  numeric('MEDIUMINT', ['-8388608', '8388607']),
  numeric('BIGINT', ['-9223372036854775808', '9007199254740993']),
  numeric('BIGINT UNSIGNED', ['18446744073709551615', '9007199254740992']),
  numeric('DECIMAL(12,2)', ['-9999999999.99', '0.10', '1.50']),
  numeric('INT UNSIGNED ZEROFILL', ['7', '4294967295']),
];
const APPROXIMATE = [
  numeric('FLOAT', ['0.1', '-3.4e38', '16777217']),
  numeric('DOUBLE', ['0.1', '1e308', '-0.0']),
];
const PLAIN_TEXTS = ['VARCHAR(40)', 'CHAR(10)', 'TEXT', 'MEDIUMTEXT'];
const MOMENT_TYPES = ['DATETIME', 'DATETIME(6)', 'TIMESTAMP(3) NULL', 'DATE', 'TIME(2)'];
const OTHERS = [
  chosen('BIT(9)', ["b'1'", "b'101010101'", '0']),
  chosen('YEAR', ['2026', '1901', '0']),
  chosen("ENUM('a','it''s','Ü')", ["'a'", "'it''s'", '3']),
  chosen("SET('x','y','z')", ["'x'", "'x,z'", "''", '7']),
  chosen('VARBINARY(20)', HEX),
  chosen('BINARY(4)', HEX),
  chosen('BLOB', HEX),
  chosen('POINT', ["ST_GeomFromText('POINT(1 2)')", 'NULL']),
];
const JSON_TYPE: ValueType = textual('JSON', JSONS);
const JSON_WITH_NULL: ValueType = textual('JSON', [...JSONS, 'null']);
const MARIADB_ONLY = [
  chosen('INET6', ["'::1'", "'2001:db8::ff00:42:8329'"]),
  chosen('UUID', ["'6ccd780c-baba-1026-9564-5b8c656024db'"]),
];
const CHARSETS = ['latin1', 'utf8mb3', 'utf8mb4 COLLATE utf8mb4_bin', 'cp1251', 'ucs2', 'utf32', 'sjis'];

/** Any type that the server has. */
export function randomType(dialect: Dialect): ValueType {
  const { random, flavour } = dialect;
  const chance = random.next();
  if (chance < 0.3) return random.pick(NUMBERS);
  if (chance < 0.35) return random.pick(APPROXIMATE);
  if (chance < 0.65) return randomText(dialect, PLAIN_TEXTS);
  if (chance < 0.8) return moment(random.pick(MOMENT_TYPES));
  if (chance < 0.88) return dialect.ingredients.has('json null') ? JSON_WITH_NULL : JSON_TYPE;
  return random.pick(flavour === 'mariadb' ? [...OTHERS, ...MARIADB_ONLY] : OTHERS);
}

/** A type of a primary key's column. */
export function randomKeyType(dialect: Dialect): ValueType {
  const { random, ingredients } = dialect;
  if (!ingredients.has('text keys') || random.chance(0.5)) return random.pick(NUMBERS.slice(0, 7));
  const chance = random.next();
  if (chance < 0.5) return randomText(dialect, ['VARCHAR(40)', 'CHAR(10)']);
  if (chance < 0.7) return moment(random.pick(['DATETIME(3)', 'DATE', 'TIMESTAMP(3)']));
  return random.pick(OTHERS.slice(1, 6));
}

function randomText({ random, ingredients }: Dialect, types: readonly string[]): ValueType {
  const type = random.pick(types);
  if (!ingredients.has('other charsets') || random.chance(0.6)) return textual(type);
  return textual(`${type} CHARACTER SET ${random.pick(CHARSETS)}`);
}

/** Character set clauses of tables, databases and conversions. */
export const TABLE_CHARSETS = [
  'utf8mb4',
  'utf8mb4 COLLATE utf8mb4_bin',
  'latin1',
  'utf8mb3',
  'cp1251',
  'latin2 COLLATE latin2_bin',
];
