import { PipelineError } from '@sluice/runtime';
import type { Flavour } from './version.ts';

/** A value of an envelope: JSON, as `docs/types.md` says for each type of column. */
type JsonValue =
  string | number | boolean | null | readonly JsonValue[] | { readonly [name: string]: JsonValue };

/** How the values of a column go into SQL text. Pure: envelope value in, SQL literal out. */
export interface ColumnCodec {
  /** The value as a SQL literal, to be written. Throws MYSQL_VALUE_REFUSED for a value that no such column can hold. */
  literal(value: JsonValue): string;
  /** A SQL literal that the column is equal to when it holds the value. Absent: the one that is written. */
  readonly equal?: (value: JsonValue) => string;
  /** SQL expression that gives the column back as `text` writes it; `column` is the quoted name. */
  select(column: string): string;
  /** The text that `select` gives for this value: what a key is recognised by. */
  text(value: JsonValue): string;
}

const asIs = (column: string): string => column;
const asNumber = (column: string): string => `${column}+0`;
const asHex = (column: string): string => `HEX(${column})`;

const number: ColumnCodec = { literal: nullOr(numberLiteral), select: asIs, text: String };
/** The shortest text of a FLOAT can lie above the largest one; its exact value does not. */
const float: ColumnCodec = {
  ...number,
  literal: nullOr((value) => numberLiteral(typeof value === 'number' ? Math.fround(value) : value)),
};
const bits: ColumnCodec = { ...number, select: asNumber };
const string: ColumnCodec = { literal: nullOr((value) => quote(textOf(value))), select: asIs, text: textOf };
const instant: ColumnCodec = {
  literal: nullOr((value) => `'${sqlTime(value)}'`),
  select: asIs,
  text: sqlTime,
};
const bytes: ColumnCodec = { literal: nullOr((value) => `x'${hexOf(value)}'`), select: asHex, text: hexOf };
const json: ColumnCodec = { ...string, literal: nullOr((value) => quote(JSON.stringify(value))) };

/**
 * MariaDB's JSON is a text that is checked. Of MySQL's a string comes without its quotes; of MariaDB's own comes the text
 * itself: so what is valid as it is stays as it is.
 */
export const mariadbJson: ColumnCodec = {
  ...string,
  literal: nullOr((value) =>
    quote(typeof value === 'string' && isJson(value) ? value : JSON.stringify(value)),
  ),
};

/** Of a JSON column that is never NULL: there `null` is the document, which is a value as any other. */
export function documentCodec(codec: ColumnCodec): ColumnCodec {
  return { ...codec, literal: (value) => (value === null ? "'null'" : codec.literal(value)) };
}

const CODECS: Readonly<Record<string, ColumnCodec>> = {
  tinyint: number,
  smallint: number,
  mediumint: number,
  int: number,
  bigint: number,
  decimal: number,
  float,
  double: number,
  bit: bits,
  year: bits,
  datetime: instant,
  timestamp: instant,
  json,
  binary: bytes,
  varbinary: bytes,
  tinyblob: bytes,
  blob: bytes,
  mediumblob: bytes,
  longblob: bytes,
  vector: bytes,
};

const GEOMETRIES = new Set([
  'geometry',
  'point',
  'linestring',
  'polygon',
  'multipoint',
  'multilinestring',
  'multipolygon',
  'geometrycollection',
  'geomcollection',
]);

/** `sqlType` as COLUMN_TYPE of information_schema or canonical; what has no rule of its own is written as text. */
export function columnCodec(sqlType: string, flavour: Flavour): ColumnCodec {
  const name = typeName(sqlType);
  if (GEOMETRIES.has(name)) return flavour === 'mysql' ? mysqlGeometry : mariadbGeometry;
  if (name === 'enum' && flavour === 'mysql') return enumCodec(sqlType);
  return CODECS[name] ?? string;
}

/**
 * The error value of an ENUM reads as ''. A strict session refuses '' (unless it is a member) but takes a quoted index,
 * 0 being the error value's (MySQL manual, "The ENUM Type"; MariaDB refuses that as well).
 */
function enumCodec(sqlType: string): ColumnCodec {
  const members = new Set(Array.from(sqlType.matchAll(/'((?:[^']|'')*)'/g), ([, member]) => member));
  if (members.has('') || members.has('0')) return string;
  return {
    ...string,
    literal: (value) => (value === '' ? "'0'" : string.literal(value)),
    // A column is compared as its text: '0' writes the error value, and equals no member.
    equal: (value) => string.literal(value),
  };
}

/** What a column is compared with to find the rows that hold the value. */
export function equalLiteral(codec: ColumnCodec, value: JsonValue): string {
  return codec.equal?.(value) ?? codec.literal(value);
}

export function typeName(sqlType: string): string {
  return /^[a-z0-9]+/i.exec(sqlType)?.[0]?.toLowerCase() ?? '';
}

/** What does not go through the mysql client as it is: it makes one character of CR LF, and a NUL ends its statement. */
const ESCAPES: Readonly<Record<string, string>> = {
  '\0': '\\0',
  '\n': '\\n',
  '\r': '\\r',
  '\x1a': '\\Z',
  '\\': '\\\\',
  "'": "''",
};
// oxlint-disable-next-line no-control-regex -- they are what is escaped
const ESCAPED = /[\0\n\r\x1a\\']/g;

/** A SQL string literal, for sessions without NO_BACKSLASH_ESCAPES. */
export function quote(text: string): string {
  return `'${text.replace(ESCAPED, (character) => ESCAPES[character] ?? character)}'`;
}

const NUMBER = /^-?\d+(\.\d+)?$/;

/** Numbers beyond 2^53 and DECIMALs come as strings; only digits may go into SQL unquoted. */
function numberLiteral(value: JsonValue): string {
  if (typeof value === 'number') return String(value);
  if (typeof value === 'string' && NUMBER.test(value)) return value;
  throw refuse('a number');
}

function textOf(value: JsonValue): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** `2026-11-21T09:05:34.233197Z` → `2026-11-21 09:05:34.233197`; the session's time zone is UTC. */
function sqlTime(value: JsonValue): string {
  if (typeof value !== 'string' || !/^[\d:.TZ -]+$/.test(value)) throw refuse('a date and time');
  const end = value.endsWith('Z') ? value.length - 1 : value.length;
  return `${value.slice(0, 10)} ${value.slice(11, end)}`;
}

function hexOf(value: JsonValue): string {
  if (typeof value !== 'string') throw refuse('base64');
  return Buffer.from(value, 'base64').toString('hex').toUpperCase();
}

const mysqlGeometry = geometry((wkb, srid) => `ST_GeomFromWKB(${wkb},${srid},'axis-order=long-lat')`);
const mariadbGeometry = geometry((wkb, srid) => `ST_GeomFromWKB(${wkb},${srid})`);

function geometry(construct: (wkb: string, srid: number) => string): ColumnCodec {
  const literal = (value: JsonValue): string => {
    if (typeof value !== 'object' || value === null || !('wkb' in value) || !('srid' in value)) {
      throw refuse('a geometry');
    }
    return construct(`x'${hexOf(value.wkb)}'`, Number(value.srid) >>> 0);
  };
  return { literal: nullOr(literal), select: asHex, text: String };
}

function nullOr(literal: (value: JsonValue) => string): (value: JsonValue) => string {
  return (value) => (value === null ? 'NULL' : literal(value));
}

function refuse(expected: string): PipelineError {
  return new PipelineError('MYSQL_VALUE_REFUSED', `a value is not ${expected}, as its column needs`);
}
