import { canonicalDouble, canonicalJson, canonicalNumber, NumberText, parseExactJson } from './exact-json.ts';
import type { ExactJson } from './exact-json.ts';

/**
 * How a column is read by SELECT and what its JSON value must be by the value table of docs/envelope.md. Nothing of
 * capture's own decoding is used here: a fault there must not hide itself.
 */
export interface ColumnKind {
  /** SQL that gives the value as text, from the quoted column name. */
  select(column: string): string;
  /** The server's text → the canonical text of the JSON value. */
  fromServer(text: string): string;
  /** A value found in a document → its canonical text. */
  fromDocument(value: ExactJson): string;
  /** The server's text → a SQL literal to look the row up with. Throws RangeError for a text that no server gives of such a column. */
  literal(text: string): string;
  /** A canonical text → the server's text, to look a row up by what a store says of its key. */
  serverText(canonical: string): string;
  /** What values are ordered by, where every server orders them alike; `collation`: where it has the same one. */
  readonly order?: 'number' | 'moment' | 'bytes' | 'collation';
  /** Texts of any length and content; all others have no comma in them and are not N. */
  readonly isFree?: boolean;
  /** ENUM and SET: ordered by the numbers of their members, but compared with a text as a text. */
  readonly isMember?: boolean;
  /** A canonical text → the text in a record's key, where that is another one. */
  readonly keyText?: (canonical: string) => string;
}

const plain = (column: string): string => column;
const quoted = (text: string): string => JSON.stringify(text);
const NUMBER = /^-?\d+(\.\d+)?(e[+-]?\d+)?$/iu;
const HEX = /^[\dA-F]*$/iu;
/** What stands in SQL without quotes: a store or a report may say anything for a key. */
const numberLiteral = literalOf(NUMBER, 'no number', (text) => text);
const hexLiteral = literalOf(HEX, 'no hexadecimal digits', (text) => `X'${text}'`);

/** What does not go through the mysql client as it is: it makes one character of CR LF, and a NUL ends its statement. */
const ESCAPES: Readonly<Record<string, string>> = { '\0': '\\0', '\n': '\\n', '\r': '\\r', '\x1a': '\\Z' };

/** Escapes for a session without NO_BACKSLASH_ESCAPES. */
function textLiteral(text: string): string {
  // oxlint-disable-next-line no-control-regex -- they are what is escaped
  return `'${text.replace(/[\\'\0\n\r\x1a]/g, (character) => ESCAPES[character] ?? `\\${character}`)}'`;
}

function safeInteger(text: string): string {
  return Number.isSafeInteger(Number(text)) ? canonicalNumber(text) : quoted(text);
}

/** The shortest text that gives the same 32-bit value; the server sent the value widened to 64 bits. */
export function shortestFloat(text: string): string {
  const value = Number(text);
  for (let digits = 1; digits <= 9; digits += 1) {
    const candidate = value.toPrecision(digits);
    if (Math.fround(Number(candidate)) === value) return canonicalDouble(candidate);
  }
  return canonicalDouble(text);
}

const base64OfHex = (hex: string): string => quoted(Buffer.from(hex, 'hex').toString('base64'));

/** The server stores a geometry as four bytes of SRID and then well-known binary. */
function geometryOfHex(hex: string): string {
  const bytes = Buffer.from(hex, 'hex');
  return `{"srid":${bytes.readUInt32LE(0)},"wkb":${quoted(bytes.toString('base64', 4))}}`;
}

const fromDocument = canonicalJson;
const approximate = (value: ExactJson): string =>
  value instanceof NumberText ? canonicalDouble(value.text) : canonicalJson(value);

/** Without the quotes of JSON, where it has any. */
const unquoted = (canonical: string): string =>
  canonical.startsWith('"') ? String(JSON.parse(canonical)) : canonical;

const INTEGER: ColumnKind = {
  select: plain,
  fromServer: canonicalNumber,
  fromDocument,
  literal: numberLiteral,
  serverText: unquoted,
  order: 'number',
};
const BIG_INTEGER: ColumnKind = { ...INTEGER, fromServer: safeInteger };
/** MariaDB shows two digits of a YEAR(2), which holds the whole year. */
const YEAR: ColumnKind = { ...withoutOrder(INTEGER), select: (column) => `YEAR(${column})` };
const BITS: ColumnKind = { ...BIG_INTEGER, select: (column) => `${column} + 0` };
const TEXT: ColumnKind = {
  select: plain,
  fromServer: quoted,
  fromDocument,
  literal: textLiteral,
  serverText: unquoted,
  order: 'collation',
  isFree: true,
};
const MEMBER: ColumnKind = { ...withoutOrder(TEXT), isMember: true };
/** DATE, and the base of others. */
const MOMENT: ColumnKind = { ...TEXT, order: 'moment', isFree: false };
/** What only MariaDB has, and TIME, whose hours are not those of a day. */
const PLAIN: ColumnKind = { ...withoutOrder(TEXT), isFree: false };
/** Columns with ZEROFILL are shown with zeros in front. */
const decimalText = (text: string): string => quoted(text.replace(/^(-?)0+(?=\d)/, '$1'));
const DECIMAL: ColumnKind = {
  ...TEXT,
  fromServer: decimalText,
  literal: numberLiteral,
  order: 'number',
  isFree: false,
};
const momentText = (canonical: string): string => unquoted(canonical).replace('T', ' ').replace(/Z$/, '');
const DATETIME: ColumnKind = {
  ...MOMENT,
  fromServer: (text) => quoted(text.replace(' ', 'T')),
  serverText: momentText,
};
const TIMESTAMP: ColumnKind = { ...DATETIME, fromServer: (text) => quoted(`${text.replace(' ', 'T')}Z`) };
const asJavascript = (canonical: string): string => JSON.stringify(Number(canonical));
const DOUBLE: ColumnKind = {
  ...withoutOrder(INTEGER),
  fromServer: canonicalDouble,
  fromDocument: approximate,
  keyText: asJavascript,
};
const FLOAT: ColumnKind = {
  ...DOUBLE,
  // A plain SELECT of a FLOAT shows six digits.
  select: (column) => `CAST(${column} AS DOUBLE)`,
  fromServer: shortestFloat,
  // Compared as the 64-bit value that its 32 bits are.
  serverText: (canonical) => String(Math.fround(Number(canonical))),
};
const hex = (column: string): string => `HEX(${column})`;
const BYTES: ColumnKind = {
  select: hex,
  fromServer: base64OfHex,
  fromDocument,
  literal: hexLiteral,
  serverText: (canonical) => Buffer.from(unquoted(canonical), 'base64').toString('hex'),
  order: 'bytes',
};
const GEOMETRY: ColumnKind = { ...withoutOrder(BYTES), fromServer: geometryOfHex };
const JSON_DOCUMENT: ColumnKind = {
  ...withoutOrder(TEXT),
  fromServer: (text) => canonicalJson(parseExactJson(text)),
};

const KINDS: ReadonlyMap<string, ColumnKind> = new Map([
  ...named('tinyint smallint mediumint int', INTEGER),
  ...named('year', YEAR),
  ...named('bigint', BIG_INTEGER),
  ...named('bit', BITS),
  ...named('decimal', DECIMAL),
  ...named('float', FLOAT),
  ...named('double', DOUBLE),
  ...named('char varchar tinytext text mediumtext longtext', TEXT),
  ...named('time uuid inet4 inet6', PLAIN),
  ...named('date', MOMENT),
  ...named('enum set', MEMBER),
  ...named('binary varbinary tinyblob blob mediumblob longblob vector', BYTES),
  ...named('datetime', DATETIME),
  ...named('timestamp', TIMESTAMP),
  ...named('json', JSON_DOCUMENT),
  ...named('geometry point linestring polygon multipoint multilinestring multipolygon', GEOMETRY),
  ...named('geomcollection geometrycollection', GEOMETRY),
]);

function literalOf(form: RegExp, what: string, write: (text: string) => string): (text: string) => string {
  return (text) => {
    if (!form.test(text)) throw new RangeError(`"${text}" is ${what}`);
    return write(text);
  };
}

function withoutOrder({ order: _order, ...kind }: ColumnKind): ColumnKind {
  return kind;
}

function named(types: string, kind: ColumnKind): [string, ColumnKind][] {
  return types.split(' ').map((type) => [type, kind]);
}

/** By `DATA_TYPE` of information_schema.columns. Throws for a type that is not in the list. */
export function columnKind(dataType: string): ColumnKind {
  const kind = KINDS.get(dataType.toLowerCase());
  if (kind === undefined) throw new Error(`columns of type ${dataType} cannot be compared`);
  return kind;
}
