import { collationOfCharset, maxBytesOf } from './collations.ts';
import { BINARY_COLLATION, TYPE } from './column-types.ts';
import { BinlogError } from './errors.ts';
import { GEOMETRY_KINDS, sqlTypeOf } from './sql-type.ts';
import type { Column } from './table-map.ts';

/** A row of `information_schema.columns`; further fields are of no interest. */
export interface InformationSchemaColumn {
  readonly COLUMN_NAME: string;
  readonly COLUMN_TYPE: string;
  readonly IS_NULLABLE: string;
  readonly CHARACTER_SET_NAME: string | null;
  readonly EXTRA?: string;
}

interface Layout {
  readonly type: number;
  readonly meta: number;
  readonly geometryKind?: number;
  readonly dimensions?: number;
  readonly members?: readonly string[];
  /** Bytes without a character set. */
  readonly binary?: boolean;
}

const NUMBERS: Readonly<Record<string, number>> = {
  tinyint: TYPE.TINY,
  smallint: TYPE.SHORT,
  mediumint: TYPE.INT24,
  int: TYPE.LONG,
  bigint: TYPE.LONGLONG,
};
const MOMENTS: Readonly<Record<string, number>> = {
  time: TYPE.TIME2,
  datetime: TYPE.DATETIME2,
  timestamp: TYPE.TIMESTAMP2,
};
const BLOBS: Readonly<Record<string, number>> = {
  tinyblob: 1,
  blob: 2,
  mediumblob: 3,
  longblob: 4,
  tinytext: 1,
  text: 2,
  mediumtext: 3,
  longtext: 4,
};
/** MariaDB's named types and their lengths in bytes. */
const NAMED: Readonly<Record<string, readonly [type: number, length: number]>> = {
  uuid: [TYPE.UUID, 16],
  inet6: [TYPE.INET6, 16],
  inet4: [TYPE.INET4, 4],
};

/**
 * The column that a table map with FULL metadata gives (with its named types): equal in name, sqlType, nullable, unsigned and charset.
 * `collation` is one of the same character set, and old temporal formats look like the new ones.
 *
 * @throws BinlogError COLUMN_TYPE_UNSUPPORTED
 */
export function columnFromInformationSchema(
  row: InformationSchemaColumn,
  flavour: 'mysql' | 'mariadb' = 'mysql',
): Column {
  const definition = row.COLUMN_TYPE.replace(/\/\*.*?\*\//g, '').trim();
  const charset = charsetName(row.CHARACTER_SET_NAME);
  const compressed = /\/\*M?!?\d*\s*COMPRESSED\s*\*\//i.test(row.COLUMN_TYPE);
  const layout = layoutOf(definition, charset, compressed, flavour, row.COLUMN_NAME);
  const binary = layout.binary === true;
  const column = {
    name: row.COLUMN_NAME,
    type: layout.type,
    meta: layout.meta,
    nullable: row.IS_NULLABLE === 'YES',
    unsigned: /\bunsigned\b/i.test(definition) && layout.members === undefined,
    collation: binary ? BINARY_COLLATION : charset === null ? 0 : collationOfCharset(charset),
    members: layout.members ?? null,
    visible: !/\bINVISIBLE\b/i.test(row.EXTRA ?? ''),
    charset: binary ? null : charset,
  };
  const kind = { geometryKind: layout.geometryKind ?? 0, dimensions: layout.dimensions ?? 0 };
  return { ...column, sqlType: sqlTypeOf({ ...column, ...kind }) };
}

function charsetName(name: string | null): string | null {
  if (name === null || name === 'binary') return null;
  return name === 'utf8' ? 'utf8mb3' : name;
}

function layoutOf(
  definition: string,
  charset: string | null,
  compressed: boolean,
  flavour: 'mysql' | 'mariadb',
  name: string,
): Layout {
  const [, word = '', inner = ''] = /^([a-z0-9]+)(?:\((.*)\))?/is.exec(definition) ?? [];
  const kind = word.toLowerCase();
  const numbers = inner.split(',').map(Number);
  const layout =
    numberLayout(kind, numbers) ??
    textLayout(kind, numbers[0]!, charset === null ? 1 : maxBytesOf(charset), compressed) ??
    otherLayout(kind, inner, flavour);
  if (layout !== null) return layout;
  throw new BinlogError('COLUMN_TYPE_UNSUPPORTED', `column ${name} has type ${kind}, which is not known`, {
    column: name,
    type: kind,
  });
}

function numberLayout(kind: string, [first = 0, second = 0]: readonly number[]): Layout | null {
  const integer = NUMBERS[kind];
  if (integer !== undefined) return { type: integer, meta: 0 };
  const moment = MOMENTS[kind];
  if (moment !== undefined) return { type: moment, meta: first };
  switch (kind) {
    case 'decimal':
      return { type: TYPE.NEWDECIMAL, meta: first * 256 + second };
    case 'float':
      return { type: TYPE.FLOAT, meta: 4 };
    case 'double':
      return { type: TYPE.DOUBLE, meta: 8 };
    case 'bit':
      return { type: TYPE.BIT, meta: first };
    case 'year':
      return { type: TYPE.YEAR, meta: 0 };
    case 'date':
      return { type: TYPE.DATE, meta: 0 };
    default:
      return null;
  }
}

function textLayout(kind: string, length: number, longest: number, compressed: boolean): Layout | null {
  const blob = BLOBS[kind];
  if (blob !== undefined) {
    const type = compressed ? TYPE.BLOB_COMPRESSED : TYPE.BLOB;
    return { type, meta: blob, binary: kind.endsWith('blob') };
  }
  switch (kind) {
    case 'char':
      return { type: TYPE.STRING, meta: length * longest };
    case 'varchar':
    case 'varbinary': {
      const binary = kind === 'varbinary';
      return compressed
        ? { type: TYPE.VARCHAR_COMPRESSED, meta: length * longest + 1, binary }
        : { type: TYPE.VARCHAR, meta: length * longest, binary };
    }
    case 'binary':
      return { type: TYPE.STRING, meta: length, binary: true };
    default:
      return null;
  }
}

function otherLayout(kind: string, inner: string, flavour: 'mysql' | 'mariadb'): Layout | null {
  if (kind === 'enum' || kind === 'set') return membersLayout(kind, inner);
  if (kind === 'json') return { type: TYPE.JSON, meta: 4 };
  if (kind === 'vector') return vectorLayout(Number(inner), flavour);
  const geometry = (GEOMETRY_KINDS as readonly string[]).indexOf(
    kind === 'geomcollection' ? 'geometrycollection' : kind,
  );
  if (geometry >= 0) return { type: TYPE.GEOMETRY, meta: 4, geometryKind: geometry };
  const named = NAMED[kind];
  return named === undefined ? null : { type: named[0], meta: named[1], binary: true };
}

/** MariaDB keeps vectors as VARBINARY, and its table maps say no more. */
function vectorLayout(dimensions: number, flavour: 'mysql' | 'mariadb'): Layout {
  if (flavour === 'mariadb') return { type: TYPE.VARCHAR, meta: dimensions * 4, binary: true };
  return { type: TYPE.VECTOR, meta: 4, dimensions };
}

function membersLayout(kind: 'enum' | 'set', inner: string): Layout {
  const members = parseMembers(inner);
  if (kind === 'enum') return { type: TYPE.ENUM, meta: members.length < 256 ? 1 : 2, members };
  const width = Math.ceil(members.length / 8);
  return { type: TYPE.SET, meta: width > 4 ? 8 : width, members };
}

const ESCAPES: Readonly<Record<string, string>> = { '0': '\0', n: '\n', r: '\r' };

/** Members are quoted, with quotes doubled and a backslash in front of NUL, newline, return and backslash. */
function parseMembers(list: string): string[] {
  const members: string[] = [];
  for (const [, body = ''] of list.matchAll(/'((?:[^'\\]|''|\\[\s\S])*)'/g)) {
    members.push(body.replace(/''|\\([\s\S])/g, (_pair, escaped?: string) => unescape(escaped)));
  }
  return members;
}

function unescape(escaped: string | undefined): string {
  if (escaped === undefined) return "'";
  return ESCAPES[escaped] ?? escaped;
}
