import { maxBytesOf } from './collations.ts';
import { BINARY_COLLATION, TYPE } from './column-types.ts';

/** What the canonical SQL type of a column follows from. */
export interface TypeFacts {
  readonly type: number;
  readonly meta: number;
  readonly unsigned: boolean;
  readonly collation: number;
  readonly charset: string | null;
  readonly members: readonly string[] | null;
  /** Kind of GEOMETRY: 0 any … 7 collection. */
  readonly geometryKind: number;
  /** Dimensions of VECTOR, 0 when not told. */
  readonly dimensions: number;
}

const NUMERIC: Readonly<Record<number, string>> = {
  [TYPE.TINY]: 'tinyint',
  [TYPE.SHORT]: 'smallint',
  [TYPE.INT24]: 'mediumint',
  [TYPE.LONG]: 'int',
  [TYPE.LONGLONG]: 'bigint',
  [TYPE.FLOAT]: 'float',
  [TYPE.DOUBLE]: 'double',
};

const TEMPORAL: Readonly<Record<number, string>> = {
  [TYPE.TIMESTAMP]: 'timestamp',
  [TYPE.TIMESTAMP2]: 'timestamp',
  [TYPE.DATE]: 'date',
  [TYPE.NEWDATE]: 'date',
  [TYPE.TIME]: 'time',
  [TYPE.TIME2]: 'time',
  [TYPE.DATETIME]: 'datetime',
  [TYPE.DATETIME2]: 'datetime',
};

export const GEOMETRY_KINDS = [
  'geometry',
  'point',
  'linestring',
  'polygon',
  'multipoint',
  'multilinestring',
  'multipolygon',
  'geometrycollection',
] as const;

const SIZES = ['', 'tiny', '', 'medium', 'long'] as const;

/** The canonical SQL type: without display widths, zerofill, character set and collation. */
export function sqlTypeOf(facts: TypeFacts): string {
  const number = NUMERIC[facts.type];
  if (number !== undefined) return facts.unsigned ? `${number} unsigned` : number;
  const moment = TEMPORAL[facts.type];
  if (moment !== undefined) return facts.meta > 0 ? `${moment}(${facts.meta})` : moment;
  switch (facts.type) {
    case TYPE.NEWDECIMAL:
      return `decimal(${facts.meta >> 8},${facts.meta & 255})${facts.unsigned ? ' unsigned' : ''}`;
    case TYPE.UUID:
      return 'uuid';
    case TYPE.INET6:
      return 'inet6';
    case TYPE.INET4:
      return 'inet4';
    case TYPE.YEAR:
      return 'year';
    case TYPE.BIT:
      return `bit(${facts.meta})`;
    case TYPE.JSON:
      return 'json';
    case TYPE.VECTOR:
      return facts.dimensions > 0 ? `vector(${facts.dimensions})` : 'vector';
    case TYPE.GEOMETRY:
      return GEOMETRY_KINDS[facts.geometryKind] ?? 'geometry';
    case TYPE.ENUM:
      return memberType('enum', facts.members);
    case TYPE.SET:
      return memberType('set', facts.members);
    default:
      return stringType(facts);
  }
}

/** `enum('a','it''s')`: quotes doubled, nothing else escaped. */
export function memberType(kind: 'enum' | 'set', members: readonly string[] | null): string {
  if (members === null) return kind;
  return `${kind}(${members.map((member) => `'${member.replaceAll("'", "''")}'`).join(',')})`;
}

function stringType(facts: TypeFacts): string {
  const binary = facts.collation === BINARY_COLLATION;
  const longest = facts.charset === null ? 1 : maxBytesOf(facts.charset);
  switch (facts.type) {
    case TYPE.STRING:
      return `${binary ? 'binary' : 'char'}(${Math.floor(facts.meta / longest)})`;
    case TYPE.VARCHAR:
      return `${binary ? 'varbinary' : 'varchar'}(${Math.floor(facts.meta / longest)})`;
    case TYPE.VARCHAR_COMPRESSED:
      // One byte of the length is the header that says how a value is packed.
      return `${binary ? 'varbinary' : 'varchar'}(${Math.floor((facts.meta - 1) / longest)})`;
    case TYPE.BLOB:
    case TYPE.BLOB_COMPRESSED:
      return `${SIZES[facts.meta] ?? ''}${binary ? 'blob' : 'text'}`;
    default:
      return `type ${facts.type}`;
  }
}
